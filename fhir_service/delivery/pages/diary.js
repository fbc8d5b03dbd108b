// Reads the form, sends it once, shows what came back. Nothing is kept: no cookie, no storage, no other request.

const form = document.getElementById("diary")
const summary = document.getElementById("summary")
const told = document.getElementById("told")
const file = document.getElementById("file")
const about = document.getElementById("about-whom")
let subject = null
let isSending = false

takeSubject()
addEventListener("hashchange", takeSubject)
form.addEventListener("change", event => event.target.type === "checkbox" && repeatNotices(event.target))
form.addEventListener("submit", send)
for (const id of ["clear", "again"]) document.getElementById(id).addEventListener("click", () => fill(startAgain))
document.getElementById("change").addEventListener("click", () => fill(() => show(form)))
document.getElementById("print").addEventListener("click", () => print())
// A browser may keep the page for its Back button, for whoever uses it next.
addEventListener("pagehide", startAgain)
for (const element of document.querySelectorAll(".with-script")) element.hidden = false
for (const element of document.querySelectorAll(".without-script")) element.hidden = true

// Whom the answers are about, when the portal that links here says so: #subject=Patient/123. No browser sends a
// fragment to a server; it is taken out of the address, so that no bookmark or shared link holds it.
function takeSubject() {
  const given = new URLSearchParams(location.hash.slice(1)).get("subject")
  if (given === null) return
  history.replaceState(null, "", location.pathname + location.search)
  startAgain() // the answers about one child never go to another
  const type = /^(?:https?:\/\/[^\s?#]+\/)?([A-Z][A-Za-z]+)\/[A-Za-z0-9.-]{1,64}$/.exec(given)?.[1]
  subject = form.dataset.subjects.split(" ").includes(type) ? {reference: given} : null
  about.textContent = subject ? about.dataset.known.replace("{subject}", given) : about.dataset.unknown
  about.hidden = false
}

// The notice that a part of the form repeats stands below what was ticked first there: it is in sight at once, and
// is announced, as it is put in anew.
function repeatNotices(ticked) {
  for (const notice of form.querySelectorAll("[data-when]")) {
    const parts = notice.dataset.when.split(" ").map(id => document.getElementById(id))
    const isDue = parts.some(part => part.checked)
    const isNew = isDue && !notice.classList.contains("on")
    notice.classList.toggle("on", isDue)
    if (isNew) {
      ticked.parentElement.after(notice)
      notice.scrollIntoView({block: "nearest"})
    }
  }
}

function startAgain() {
  form.reset()
  repeatNotices()
  URL.revokeObjectURL(file.href)
  file.href = "#summary"
  for (const id of ["answers", "authored"]) document.getElementById(id).replaceChildren()
  show(form)
}

function show(part) {
  told.textContent = ""
  form.hidden = part !== form
  summary.hidden = part !== summary
}

// From the beginning, where the notice stands; the keyboard goes on at the first question.
function fill(open) {
  open()
  form.querySelector("input, textarea").focus({preventScroll: true})
  scrollTo(0, 0)
}

async function send(event) {
  event.preventDefault()
  const item = itemsIn(form)
  told.textContent = item.length ? "" : told.dataset.nothing
  if (!item.length || isSending) return
  isSending = true
  try {
    const answer = await fetch(form.dataset.extract, {
      method: "POST",
      headers: {"Content-Type": "application/fhir+json", Accept: "application/fhir+json"},
      body: JSON.stringify(responseWith(item)),
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
      referrerPolicy: "no-referrer",
    })
    if (!answer.ok) throw new Error(answer.status)
    showSummary(bundleOf(await answer.json()))
  } catch {
    told.textContent = told.dataset.failed
  }
  isSending = false
}

function responseWith(item) {
  return {
    resourceType: "QuestionnaireResponse",
    questionnaire: form.dataset.questionnaire,
    status: "completed",
    ...(subject && {subject}),
    authored: new Date().toISOString(),
    item,
  }
}

// What is ticked and written, as the form is nested. What is not ticked is left out: it is no "no".
function itemsIn(holder) {
  return [...holder.children].flatMap(child => (child.dataset.link ? itemOf(child) : itemsIn(child)))
}

function itemOf(element) {
  const asked = {linkId: element.dataset.link, text: element.querySelector(".asked").textContent.trim()}
  if (element.tagName === "FIELDSET") {
    const item = itemsIn(element)
    return item.length ? [{...asked, item}] : []
  }
  const field = element.querySelector("input, textarea")
  // FHIR's strings have no other control characters than these three.
  const words = field.value.replace(/[^\P{Cc}\t\n\r]/gu, "").trim()
  const value = field.type === "checkbox" ? field.checked && {valueBoolean: true} : words && {valueString: words}
  return value ? [{...asked, answer: [value]}] : []
}

// A single resource comes as itself, more in a transaction.
function bundleOf(extracted) {
  if (extracted.resourceType === "Bundle") return extracted
  const request = {method: "POST", url: extracted.resourceType}
  return {resourceType: "Bundle", type: "transaction", entry: [{resource: extracted, request}]}
}

function showSummary(bundle) {
  const response = bundle.entry.map(one => one.resource).find(one => one.resourceType === "QuestionnaireResponse")
  const when = new Intl.DateTimeFormat(document.documentElement.lang, {dateStyle: "long", timeStyle: "short"})
  const time = made("time", when.format(new Date(response.authored)))
  time.dateTime = response.authored
  document.getElementById("authored").replaceChildren(time)
  document.getElementById("answers").replaceChildren(...response.item.map(part))
  file.href = URL.createObjectURL(new Blob([JSON.stringify(bundle, null, 2)], {type: "application/fhir+json"}))
  show(summary)
  scrollTo(0, 0) // the notice stands first
  document.getElementById("summary-title").focus({preventScroll: true})
}

function part(item) {
  const heading = made("h3", item.text)
  return made("section", heading, item.item ? list(item.item) : made("p", item.answer[0].valueString ?? ""))
}

// What is ticked, under the words of the part of the form where it stands.
function list(items) {
  return made("ul", ...items.map(one => made("li", ...(one.item ? [made("span", one.text), list(one.item)] : [one.text]))))
}

function made(name, ...content) {
  const element = document.createElement(name)
  element.append(...content)
  return element
}
