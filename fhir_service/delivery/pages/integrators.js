// Builds a request of what is chosen, writes it down to be copied, and shows what this service answers.

const LONGEST = 20000 // characters of an answer that are shown
const SHOWN = ["content-type", "topic-content", "etag", "cache-control", "content-language", "link", "location"]

for (const form of document.querySelectorAll("form.door")) {
  const line = form.querySelector("code")
  const told = form.querySelector("[role=status]")
  takeBody(form)
  form.addEventListener("input", event => {
    if (event.target.dataset.kind === "path") takeBody(form)
    line.textContent = written(form, line.textContent)
  })
  form.addEventListener("submit", event => {
    event.preventDefault()
    if (form.dataset.shown === "curl") answer(form, requestOf(form), told)
    else showFrame(form, requestOf(form))
  })
  form.querySelector(".copy").addEventListener("click", () => copy(line, told))
}
for (const element of document.querySelectorAll(".with-script")) element.hidden = false

// The example call of the chosen service.
function takeBody(form) {
  const body = form.querySelector("textarea")
  if (body) body.value = form.querySelector("[data-kind=path]").selectedOptions[0].dataset.body
}

function requestOf(form) {
  const request = {headers: {}, query: [], path: form.dataset.path}
  for (const field of form.querySelectorAll("select")) {
    const {kind, name} = field.dataset
    if (kind === "path") request.path = field.value
    else if (kind === "accept") request.headers.Accept = field.value
    else if (field.value) request.query.push(kind === "pairs" ? field.value : `${name}=${plain(field.value)}`)
  }
  const body = form.querySelector("textarea")
  if (body) {
    request.body = body.value
    request.headers["Content-Type"] = "application/json"
  }
  request.target = request.path + (request.query.length ? `?${request.query.join("&")}` : "")
  return request
}

// As the page wrote it: these may stand in a query, and read better.
function plain(value) {
  return encodeURIComponent(value).replace(/%(?:3A|2F|24|2C)/g, decodeURIComponent)
}

// As the page wrote it at the beginning.
function written(form, before) {
  const {headers, target, body} = requestOf(form)
  const address = form.dataset.base + target
  if (form.dataset.shown === "address") return address
  if (form.dataset.shown === "frame") return before.replace(/src="[^"]*"/, `src="${address.replaceAll("&", "&amp;")}"`)
  const options = Object.entries(headers).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`)
  return ["curl -s", ...options, quoted(address), ...(body === undefined ? [] : [`-d ${quoted(body)}`])].join(" ")
}

function quoted(word) {
  return `'${word.replaceAll("'", `'"'"'`)}'`
}

async function answer(form, {headers, target, body}, told) {
  told.textContent = "Asking …"
  try {
    // Relative to this page, so that it works behind any address.
    const response = await fetch(`.${target}`, {
      method: body === undefined ? "GET" : "POST",
      headers,
      body,
      cache: "no-store",
      credentials: "omit",
      referrerPolicy: "no-referrer",
    })
    const text = await response.text()
    const lines = SHOWN.filter(name => response.headers.has(name)).map(name => `${name}: ${response.headers.get(name)}`)
    show(form, [`${response.status} ${response.statusText}`.trim(), ...lines, "", readable(text)].join("\n"))
    told.textContent = `Answered: ${response.status}`
  } catch {
    told.textContent = "There was no answer."
  }
}

function readable(text) {
  let shown = text
  try {
    shown = JSON.stringify(JSON.parse(text), null, 2)
  } catch {}
  return shown.length > LONGEST ? `${shown.slice(0, LONGEST)}\n… ${shown.length - LONGEST} characters more` : shown
}

function show(form, text) {
  const shown = form.querySelector(".answer") ?? document.createElement("pre")
  shown.className = "answer"
  shown.tabIndex = 0
  shown.textContent = text
  form.append(shown)
}

function showFrame(form, {target}) {
  form.querySelector("iframe")?.remove()
  const frame = document.createElement("iframe")
  frame.src = `.${target}`
  frame.title = "The page as it is shown"
  form.append(frame)
}

async function copy(line, told) {
  try {
    await navigator.clipboard.writeText(line.textContent)
    told.textContent = "Copied."
  } catch {
    getSelection().selectAllChildren(line)
    told.textContent = "Selected: copy it from here."
  }
}
