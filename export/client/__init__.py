"""Client of TF Serving and of `export.serve`, over REST or gRPC."""

from ecm_tf.inference.reply import Reply
from export.client.client import Client
from export.client.transport import ServerError

__all__ = ["Client", "Reply", "ServerError"]
