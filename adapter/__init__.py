"""Deliver Prometheus Alertmanager webhooks to DingTalk group robots."""

__version__ = "0.1.0"
