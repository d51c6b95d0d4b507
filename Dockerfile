# The interpreter and the system that the tests run on.
ARG PYTHON=3.11-slim-bookworm

FROM python:${PYTHON} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
# What changes seldom comes first: a new version of the adapter takes these layers from the cache.
COPY requirements.lock requirements-build.lock ./
RUN python -m venv --without-pip /app \
    && python -m pip --python /app/bin/python install --require-hashes --no-deps --only-binary :all: -r requirements.lock \
    && python -m venv /build \
    && /build/bin/python -m pip install --require-hashes --no-deps --only-binary :all: -r requirements-build.lock
COPY pyproject.toml README.md LICENSE ./
COPY adapter adapter
COPY templates templates
RUN /build/bin/python -m pip wheel --no-deps --no-build-isolation --wheel-dir /build/wheels . \
    && python -m pip --python /app/bin/python install --no-deps --no-index --find-links /build/wheels alertmanager-dingtalk

FROM python:${PYTHON}
ARG VERSION=0.0.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="alertmanager-dingtalk" \
      org.opencontainers.image.description="Prometheus Alertmanager webhook adapter for DingTalk group robots that loses no alert" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /app /app
ENV PATH=/app/bin:${PATH} PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
# Neither root nor a user of the base image; deploy/k8s uses the same number.
RUN install -d -o 65532 -g 65532 -m 0750 /data
USER 65532:65532
WORKDIR /data
VOLUME /data
EXPOSE 8060
STOPSIGNAL SIGTERM
# Whether server.tls is set stands in the configuration, so both are tried; the certificate bears another name than
# this one's. Not through a proxy of the environment. Kubernetes has probes of its own and ignores this.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["python", "-c", \
  "import ssl, sys\nfrom http.client import HTTPException\nfrom urllib.request import *\nask = build_opener(ProxyHandler({}), HTTPSHandler(context=ssl._create_unverified_context()))\nfor scheme in 'http', 'https':\n try: sys.exit(ask.open(scheme + '://127.0.0.1:8060/-/healthy', timeout=2).status != 200)\n except (OSError, HTTPException): pass\nsys.exit('not healthy')"]
ENTRYPOINT ["alertmanager-dingtalk"]
CMD ["serve", "--config", "/etc/alertmanager-dingtalk/config.yml"]
