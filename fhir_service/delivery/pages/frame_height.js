// Tells the page around this frame how high the frame's content is: docs/embedding.md.
(function () {
  if (window.parent === window) return;
  var slug = location.pathname.split("/").pop();
  var told = 0;
  function tell() {
    var box = document.documentElement.getBoundingClientRect();
    var height = Math.ceil(box.height);
    if (!box.width || height === told) return; // a frame without a width yet has no height that means anything
    told = height;
    window.parent.postMessage({ type: "education-height", slug: slug, height: height }, "*");
  }
  window.addEventListener("message", function (event) {
    if (event.source !== window.parent || !event.data || event.data.type !== "education-height-request") return;
    told = 0;
    tell();
  });
  window.addEventListener("load", tell);
  if (window.ResizeObserver) new ResizeObserver(tell).observe(document.documentElement);
})();
