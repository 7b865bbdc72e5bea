"""Receipts against files: what lies in a delivery, and what the log says was rendered.

trustmark reconcile /mnt/delivery --bundle bundle.zip
trustmark reconcile s3://bucket/prefix --production 0199... --keep
"""
