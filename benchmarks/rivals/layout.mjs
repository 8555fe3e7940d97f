// Lays out graphs with dagre or ELK, for the comparison in benchmarks/rival_layouts.py.
//
//   node layout.mjs dagre|elk REPEATS < graphs.json > layouts.json
//
// In: [{nodes: [[width, height], ...], edges: [[source, target], ...]}, ...]
// Out: [{seconds, x: [...], y: [...], paths: [[[x, y], ...], ...]} or {error}, ...], centres of
// nodes, the points of each edge. Seconds are those of the layout call, the best of REPEATS.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const require = createRequire(import.meta.url);
const [engine, repeats] = [process.argv[2], Number(process.argv[3] ?? 1)];
const NODE_GAP = 16, RANK_GAP = 36, EDGE_GAP = 8;

function forDagre(graph) {
  const dagre = require("@dagrejs/dagre");
  const g = new dagre.graphlib.Graph({ multigraph: true });
  g.setGraph({ rankdir: "TB", nodesep: NODE_GAP, ranksep: RANK_GAP, edgesep: EDGE_GAP });
  g.setDefaultEdgeLabel(() => ({}));
  graph.nodes.forEach(([width, height], i) => g.setNode(String(i), { width, height }));
  graph.edges.forEach(([a, b], i) => g.setEdge(String(a), String(b), {}, String(i)));
  const start = performance.now();
  dagre.layout(g);
  const seconds = (performance.now() - start) / 1000;
  const nodes = graph.nodes.map((_, i) => g.node(String(i)));
  const paths = graph.edges.map(([a, b], i) =>
    g.edge({ v: String(a), w: String(b), name: String(i) }).points.map((p) => [p.x, p.y]));
  return { seconds, x: nodes.map((n) => n.x), y: nodes.map((n) => n.y), paths };
}

async function forElk(graph) {
  const ELK = require("elkjs/lib/elk.bundled.js");
  const elk = new ELK();
  const input = {
    id: "root",
    layoutOptions: {
      "elk.algorithm": "layered",
      "elk.direction": "DOWN",
      "elk.edgeRouting": "POLYLINE",
      "elk.spacing.nodeNode": String(NODE_GAP),
      "elk.spacing.edgeNode": String(EDGE_GAP),
      "elk.spacing.edgeEdge": String(EDGE_GAP),
      "elk.layered.spacing.nodeNodeBetweenLayers": String(RANK_GAP),
      "elk.layered.spacing.edgeNodeBetweenLayers": String(EDGE_GAP),
      "elk.layered.spacing.edgeEdgeBetweenLayers": String(EDGE_GAP),
    },
    children: graph.nodes.map(([width, height], i) => ({ id: `n${i}`, width, height })),
    edges: graph.edges.map(([a, b], i) => ({ id: `e${i}`, sources: [`n${a}`], targets: [`n${b}`] })),
  };
  const start = performance.now();
  const out = await elk.layout(input);
  const seconds = (performance.now() - start) / 1000;
  const paths = out.edges.map(({ sections }) => (sections ?? []).flatMap((s) =>
    [s.startPoint, ...(s.bendPoints ?? []), s.endPoint].map((p) => [p.x, p.y])));
  return {
    seconds,
    x: out.children.map((c) => c.x + c.width / 2),
    y: out.children.map((c) => c.y + c.height / 2),
    paths,
  };
}

const layOut = { dagre: forDagre, elk: forElk }[engine];
const results = [];
for (const graph of JSON.parse(readFileSync(0, "utf8"))) {
  let best;
  try {
    for (let i = 0; i < repeats; i++) {
      const result = await layOut(graph);
      if (!best || result.seconds < best.seconds) best = result;
    }
  } catch (error) {
    best = { error: String(error?.message ?? error).slice(0, 200) };
  }
  results.push(best);
}
process.stdout.write(JSON.stringify(results));
