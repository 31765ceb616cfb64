"""A client of TF Serving, and of whatever speaks as it does."""

from export.client.client import Client, Reply
from export.client.transport import ServerError

__all__ = ["Client", "Reply", "ServerError"]
