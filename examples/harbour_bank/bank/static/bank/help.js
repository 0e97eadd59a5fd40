// Tells the help widget what the server wrote into this page. Calls are queued until the widget has loaded.

const { body } = document;

if ("signedOut" in body.dataset) handoff("logout");
if (body.dataset.intent) handoff("intent", body.dataset.intent);

for (const { dataset } of document.querySelectorAll("[data-step]")) {
  const step = { name: dataset.step, title: dataset.stepTitle, status: dataset.stepStatus };
  handoff("step", dataset.stepError ? { ...step, error: dataset.stepError } : step);
}
for (const { dataset, value } of document.querySelectorAll("[data-fact]")) {
  handoff("fact", { key: dataset.fact, label: dataset.factLabel, value });
}
for (const button of document.querySelectorAll("[data-help]")) {
  button.addEventListener("click", () => handoff("open", { intent: button.dataset.help }));
}
for (const form of document.querySelectorAll("[data-sign-out]")) {
  form.addEventListener("submit", () => handoff("logout"));
}
