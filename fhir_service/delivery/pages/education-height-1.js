// Gives every <iframe data-education> the height of its content: docs/embedding.md of the FHIR content service.
(function () {
  function speaks(frame, event) {
    if (event.source !== frame.contentWindow) return false;
    var isOpaque = frame.hasAttribute("sandbox") && !frame.sandbox.contains("allow-same-origin");
    return event.origin === (isOpaque ? "null" : new URL(frame.src, location.href).origin);
  }
  function frames() {
    return Array.prototype.slice.call(document.querySelectorAll("iframe[data-education]"));
  }
  window.addEventListener("message", function (event) {
    var data = event.data;
    if (!data || data.type !== "education-height") return;
    if (typeof data.height !== "number" || !(data.height > 0 && data.height <= 50000)) return;
    frames().forEach(function (frame) {
      if (speaks(frame, event)) frame.style.height = Math.ceil(data.height) + "px";
    });
  });
  function ask() {
    frames().forEach(function (frame) {
      if (frame.contentWindow) frame.contentWindow.postMessage({ type: "education-height-request" }, "*");
    });
  }
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", ask);
  else ask();
})();
