// Opens WeChat's payment sheet, at once and by the button. What it answers proves nothing: the order's page shows what became of it.

const card = document.querySelector("[data-bridge]");

function pay() {
  const bridge = window.WeixinJSBridge;
  if (!bridge) return;
  bridge.invoke("getBrandWCPayRequest", JSON.parse(card.dataset.bridge), (answer) => {
    if (answer.err_msg === "get_brand_wcpay_request:ok") location.replace(card.dataset.back);
  });
}

document.querySelector("[data-bridge-pay]").addEventListener("click", pay);
if (window.WeixinJSBridge) pay();
else document.addEventListener("WeixinJSBridgeReady", pay, { once: true });
