"""The web page: what happens to alerts, for people, in Chinese and English.

To add a page: write its words as pairs (`words.py` says how), a template that extends
`layout.html`, and a function `add_NAME(shell, blueprint)` that adds its routes and answers with
`shell.show(template, words, …)`. A POST begins with `shell.form()`, which refuses what another
site made a browser send; a form holds `{{ csrf }}`. Call the function in `create_pages`; a page
that stands in the navigation is named in `NAVIGATION`. Describe its routes in docs/openapi.yaml.

Every page of `create_pages` needs the login of `server.page`; what is refused is shown `bare`: no
navigation, no form token. The pages that links of messages open need no login and have a frame of
their own, `adapter.web.message_pages`. Styles and scripts lie under `/m/assets/`. Nothing is inline
and nothing comes from another host: the policy of `headers.py` forbids it.
"""

from adapter.web.pages.application import create_pages

__all__ = ["create_pages"]
