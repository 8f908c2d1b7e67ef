// The model on the server that sent this page.
const remote = (about) => ({
  about,
  async classify(file) {
    const answer = await fetch("predict", { method: "POST", body: file, headers: { "Content-Type": "application/octet-stream" } });
    const body = await answer.json();
    if (!answer.ok) throw new Error(body.detail);
    return body.predictions[0];
  },
});
