// A page of the kind that devices have: one document for all addresses, kept by a service worker.

function show() {
  document.querySelector("main").textContent = `Here is ${location.pathname}`;
}

addEventListener("popstate", show);
document.querySelector("nav").addEventListener("click", (event) => {
  event.preventDefault();
  history.pushState(null, "", event.target.href);
  show();
});
show();
navigator.serviceWorker.register("/worker.js");
