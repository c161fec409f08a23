// Goes on to the payment service. Replaces this page in the history, so that "back" leads to the shop and not in a circle.

location.replace(document.querySelector("[data-pay-on]").href);
