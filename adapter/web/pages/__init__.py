"""The web page: what happens to alerts, for people, in Chinese and English.

To add a page: write its words as pairs (`words.py` says how), a template that extends
`layout.html`, and a function `add_NAME(shell, blueprint)` that adds its routes and answers with
`shell.show(template, words, …)`. A POST begins with `shell.form()`, which refuses what another
site made a browser send; a form holds `{{ csrf }}`. Call the function in `create_pages`; a page
that stands in the navigation is named in `NAVIGATION`. Describe its routes in docs/openapi.yaml.

Every page of `create_pages` needs the login of `server.page`. A page without login has a blueprint
of its own under `/m/`, on which `shell.guard(blueprint)` turns refusals into pages, and is shown
with `shell.show(…, bare=True)`: no navigation, no form token. Styles and scripts lie under
`/m/assets/`, so that an ingress can expose `/m/` alone. Nothing is inline and nothing comes from
another host: the policy of `headers.py` forbids it.
"""

from adapter.web.pages.application import create_pages

__all__ = ["create_pages"]
