"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const root = document.documentElement;
  const all = (selector) => [...document.querySelectorAll(selector)];
  const prefersDark = matchMedia("(prefers-color-scheme: dark)");
  const variable = (name) => getComputedStyle(root).getPropertyValue(`--${name}`).trim();

  // Charts: colours are names of the style, so that light and dark are one figure.
  const coloured = (value) => {
    if (Array.isArray(value)) return value.map(coloured);
    if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, k === "color" ? variable(v) || v : coloured(v)]));
    return value;
  };
  const narrow = () => innerWidth < 600;
  const layoutOf = (chart) => {
    const layout = structuredClone(chart.layout), grid = variable("line"), text = variable("text");
    for (const name of Object.keys(layout).filter((key) => /^[xy]axis/.test(key)))
      layout[name] = { gridcolor: grid, zerolinecolor: variable("muted"), linecolor: grid, automargin: true, ...layout[name] };
    Object.assign(layout, { paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { color: text, size: narrow() ? 11 : 13, family: "system-ui, sans-serif" },
      margin: { l: narrow() ? 48 : 64, r: layout.yaxis2 && layout.yaxis2.side === "right" ? 60 : 16, t: 24, b: 48 }, hoverlabel: { bgcolor: variable("card"), font: { color: text }, bordercolor: variable("muted") } });
    return coloured(layout);
  };
  const drawn = () => all(".chart.js-plotly-plot");
  const draw = (places) => places.map((place) => {
    const chart = data.charts[place.dataset.chart];
    return Plotly.react(place, coloured(chart.data), layoutOf(chart), { responsive: true, displaylogo: false, modeBarButtonsToRemove: ["lasso2d", "select2d", "sendDataToCloud"],
      toImageButtonOptions: { format: "svg", filename: place.dataset.chart } }).then(() => {
      if (place.dataset.listens) return;
      place.dataset.listens = "1";
      place.on("plotly_click", (event) => choose(event.points[0].customdata));
    });
  });
  const choose = (name) => {
    const row = name && all("tr[data-row]").find((one) => one.dataset.row === name);
    if (!row) return;
    all("tr.chosen").forEach((one) => one.classList.remove("chosen"));
    row.closest("details").open = true;
    row.classList.add("chosen");
    row.scrollIntoView({ block: "center" });
    row.focus({ preventScroll: true });
  };

  // 3D: one viewer for each stage, made when it comes into sight.
  const viewers = [], shown = { polyhedra: true, bonds: true };
  const point = ([x, y, z]) => ({ x, y, z });
  const minus = (a, b) => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
  const cross = (a, b) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
  const mesh = (corners, color, opacity) => {
    const normals = [];
    for (let i = 0; i < corners.length; i += 3) {
      const n = cross(minus(corners[i + 1], corners[i]), minus(corners[i + 2], corners[i])), size = Math.hypot(...n) || 1;
      for (let j = 0; j < 3; j++) normals.push(point(n.map((one) => one / size)));
    }
    return { vertexArr: corners.map(point), normalArr: normals, faceArr: corners.map((_, i) => i), color, opacity };
  };
  const fill = ({ viewer, view }) => {
    viewer.removeAllModels(); viewer.removeAllShapes(); viewer.removeAllLabels();
    const places = view.atoms.map((atom) => atom.slice(1, 4)), color = (i) => view.elements[view.atoms[i][0]][1];
    const model = viewer.addModel();
    model.addAtoms(view.atoms.map(([kind, x, y, z, name], i) => ({ elem: view.elements[kind][0], atom: name, x, y, z, serial: i, index: i, bonds: [], bondOrder: [], properties: {} })));
    view.elements.forEach(([elem, shade, radius]) => viewer.setStyle({ elem }, { sphere: { radius: view.meshes.length ? radius / 2 : radius, color: shade } }));
    if (shown.bonds) for (const [i, j, across] of view.bonds) {
      const middle = places[i].map((one, k) => (one + places[j][k]) / 2);
      for (const [end, who] of [[places[i], i], [places[j], j]])
        viewer.addCylinder({ start: point(end), end: point(middle), radius: across ? 0.2 : 0.09, color: across ? "#e00034" : color(who), fromCap: 0, toCap: 0 });
    }
    if (shown.polyhedra && !view.meshes.length) view.elements.forEach(([, shade], kind) => {
      const corners = view.polyhedra.filter((one) => one[0] === kind).flatMap(([, faces]) => faces.flatMap((face) => face.map((i) => places[i])));
      if (corners.length) viewer.addCustom(mesh(corners, shade, 0.5));
    });
    for (const { style, corners } of view.meshes) if (corners.length) viewer.addCustom(mesh(corners, data.mesh[style === "gain" ? 0 : 1], 0.6));
    const [a, b] = view.cell, dark = root.dataset.theme === "dark", line = dark ? "#8a949f" : "#7a828b";
    const heights = places.map((one) => one[2]), low = Math.min(...heights) - 1, high = Math.max(...heights) + 1;
    const corner = (i, j, z) => ({ x: i * a[0] + j * b[0], y: i * a[1] + j * b[1], z });
    const edge = (start, end) => viewer.addLine({ start, end, color: line });
    for (const one of [0, 1]) {
      for (const z of [low, high]) { edge(corner(0, one, z), corner(1, one, z)); edge(corner(one, 0, z), corner(one, 1, z)); }
      for (const two of [0, 1]) edge(corner(one, two, low), corner(one, two, high));
    }
    for (const [x, y, z, text] of view.marks) {  // its name stands above all atoms, at the end of a line
      viewer.addSphere({ center: { x, y, z }, radius: 0.75, color: "#e00034", opacity: 0.6 });
      viewer.addCylinder({ start: { x, y, z }, end: { x, y, z: high + 0.5 }, radius: 0.06, color: "#e00034" });
      viewer.addLabel(text, { position: { x, y, z: high + 0.5 }, alignment: "bottomCenter", fontSize: 13, fontColor: "white", backgroundColor: "#8a0020", backgroundOpacity: 0.9, inFront: true });
    }
    viewer.setHoverable({}, true, (atom) => { if (!atom.label) atom.label = viewer.addLabel(atom.atom, { position: atom, fontSize: 12, backgroundColor: "#222", backgroundOpacity: 0.85, inFront: true }); },
      (atom) => { if (atom.label) { viewer.removeLabel(atom.label); delete atom.label; } });
    viewer.setBackgroundColor(dark ? "#1a1f26" : "#ffffff");
  };
  const side = ({ viewer, view, stage }) => { viewer.zoomTo({ elem: view.elements.map((one) => one[0]) }); viewer.rotate(-80, "x"); viewer.rotate(-14, "z"); viewer.zoom(stage.clientWidth > stage.clientHeight ? 1.4 : 2.2); viewer.render(); };
  const makeView = (stage) => {
    const view = data.views[stage.dataset.view][Number(stage.dataset.number)];
    let viewer;
    try { viewer = $3Dmol.createViewer(stage, { antialias: true, disableFog: true, orthographic: true }); } catch (error) { viewer = null; }
    if (!viewer) {
      stage.innerHTML = "<p>This browser shows no 3D (WebGL is off); the drawing below shows the same.</p>";
      all("#structures .printed").forEach((one) => { one.style.display = "block"; });
      return;
    }
    const made = { viewer, view, stage };
    viewers.push(made); fill(made); side(made);
    stage.dataset.ready = "1";
    const keys = { ArrowLeft: () => viewer.rotate(-10, "vy"), ArrowRight: () => viewer.rotate(10, "vy"), ArrowUp: () => viewer.rotate(-10, "vx"), ArrowDown: () => viewer.rotate(10, "vx"),
      "+": () => viewer.zoom(1.2), "=": () => viewer.zoom(1.2), "-": () => viewer.zoom(1 / 1.2), 0: () => { viewer.setView(home); } };
    const home = viewer.getView();
    stage.addEventListener("keydown", (event) => { if (keys[event.key]) { keys[event.key](); viewer.render(); event.preventDefault(); } });
  };
  const redraw = () => viewers.forEach((one) => { fill(one); one.viewer.render(); });

  // Files: made in the page, since it may have no network.
  const hand = (name) => {
    const file = data.files[name];
    const parts = file.text === undefined ? Uint8Array.from(atob(file.base64), (one) => one.charCodeAt(0)) : file.text;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([parts], { type: file.type }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };
  all("[data-file]").forEach((button) => button.addEventListener("click", () => hand(button.dataset.file)));
  all("[data-toggle]").forEach((button) => button.addEventListener("click", () => {
    const what = button.dataset.toggle;
    shown[what] = !shown[what];
    button.setAttribute("aria-pressed", String(shown[what]));
    redraw();
  }));

  const theme = (name) => { root.dataset.theme = name; draw(drawn()); redraw(); };
  document.getElementById("theme").addEventListener("click", () => theme(root.dataset.theme === "dark" ? "light" : "dark"));
  prefersDark.addEventListener("change", (event) => theme(event.matches ? "dark" : "light"));
  let before = "", closed = [];
  addEventListener("beforeprint", () => { closed = all("details:not([open])"); closed.forEach((one) => { one.open = true; });
    before = root.dataset.theme; root.dataset.theme = "light"; draw(all(".chart")); });
  addEventListener("afterprint", () => { closed.forEach((one) => { one.open = false; }); theme(before); });
  root.dataset.theme = prefersDark.matches ? "dark" : "light";
  // What isn't near the window is drawn when it comes there; its room is kept.
  const seen = new IntersectionObserver((entries) => {
    const near = entries.filter((one) => one.isIntersecting).map((one) => one.target);
    near.forEach((one) => seen.unobserve(one));
    Promise.all(draw(near.filter((one) => one.matches(".chart")))).then(() => { root.dataset.ready = "1"; });
    near.filter((one) => one.matches(".stage")).forEach(makeView);
  }, { rootMargin: "300px" });
  all(".chart").forEach((place) => { place.style.minHeight = `${data.charts[place.dataset.chart].layout.height}px`; });
  all("main, .chart, .stage").forEach((one) => seen.observe(one));
})();
