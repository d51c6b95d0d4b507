"""A refusal as a page: what is wrong and what helps, in the visitor's language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapter.web.pages.words import Pairs

REFUSALS: Final[Pairs] = {
    "off": (
        "网页未开启：在配置里写 server.page 后重新加载；不写则只有本机可以打开。",
        "The page is off: configure server.page and reload. Without it only loopback is served.",
    ),
    "no_login": (
        "需要登录：用户名与密码是配置里 server.page.basic 的那一对。",
        "Log in with the user name and password of server.page.basic.",
    ),
    "no_proxy": (
        "请经登录代理访问：只接受来自 server.page.trusted_proxies 且带有 trusted_header 的请求。",
        "Come through the proxy that logs you in: server.page.trusted_proxies and trusted_header.",
    ),
    "foreign": (
        "这个请求不是从本页面发出的，什么也没有做。请打开页面再操作一次。",
        "This was not asked from this page, so nothing was done. Open the page and do it again.",
    ),
    "stale": (
        "表单已过期（或浏览器不接受 Cookie），什么也没有做。请返回、刷新页面再试。",
        "The form is out of date (or cookies are off), so nothing was done. Reload and try again.",
    ),
    "no_form": ("这里只接受表单。", "Only a form is taken here."),
    "too_large": ("提交的内容太大。", "What was sent is too large."),
    "gone": (
        "没有这个页面或记录；它可能已过保留期（storage.retention）。",
        "There is no such page or record; it may be older than storage.retention.",
    ),
    "no_store": (
        "存储暂时不可用，过一会儿再试；原因在日志里。",
        "The store is not available; try again soon. The log says why.",
    ),
}


class PageRefusal(Exception):  # noqa: N818  # an answer, not a fault
    """Answer with a page that says why not; `key` names one of `words`."""

    def __init__(
        self,
        code: int,
        key: str,
        headers: Mapping[str, str] | None = None,
        *,
        words: Pairs = REFUSALS,
    ) -> None:
        super().__init__(key)
        self.code = code
        self.key = key
        self.headers = dict(headers or {})
        self.words = words
