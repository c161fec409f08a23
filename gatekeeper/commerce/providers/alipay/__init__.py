"""Alipay: page pay on a desktop, wap pay on a phone, signed with RSA2, through `python-alipay-sdk`."""
