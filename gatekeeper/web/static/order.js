// Asks how the order is doing and reloads the page when that changes. Without scripts the page reloads itself every three seconds.

const card = document.querySelector("[data-order]");
const shown = card.dataset.state;
const address = `/orders/${encodeURIComponent(card.dataset.order)}/state`;
let wait = 1000;

async function look() {
  try {
    const answer = await fetch(address, { headers: { Accept: "application/json" }, cache: "no-store" });
    if (answer.status === 404) return location.reload();
    if (answer.ok && (await answer.json()).state !== shown) return location.reload();
  } catch {
    // away for a moment: ask again
  }
  wait = Math.min(wait * 1.3, 15000);
  setTimeout(look, wait);
}

setTimeout(look, wait);
