"""The transparency log: RFC 6962 tree, C2SP tiles, signed checkpoints, witnesses."""
