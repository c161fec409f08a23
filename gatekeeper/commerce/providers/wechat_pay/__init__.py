"""WeChat Pay v3: a QR code on a desktop, H5 in a phone's browser, JSAPI inside WeChat, through `wechatpayv3`."""
