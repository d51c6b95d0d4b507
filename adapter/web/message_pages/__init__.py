"""The pages that links of messages open: signed, without login, all below `/m/`."""

from adapter.web.message_pages.views import create_message_pages

__all__ = ["create_message_pages"]
