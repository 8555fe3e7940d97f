// Colours of the drawing in light and dark, and their order in the shaders' uniform block.
// The accents are those of components/plots/op_categories.py: one colour for an op category.

export type Rgba = [number, number, number, number];

const KINDS = ["operator", "input", "output", "constant", "collapsed", "expanded"] as const;
type KindName = (typeof KINDS)[number];

interface KindColors {
  fill: string;
  border: string;
  title: string;
  detail: string;
}

interface Colors {
  page: string;
  groupNear: string; // fill of an outer group
  groupDeep: string; // fill that nesting tends to
  header: string; // laid over the fill of a group's title bar
  edge: string;
  edgeBack: string;
  edgeIn: string; // inputs of the selection
  edgeOut: string; // outputs of the selection
  select: string;
  hover: string;
  shadow: string;
  textOnLight: string;
  textOnDark: string;
}

export interface Theme {
  colors: Colors;
  kinds: Record<KindName, KindColors>;
}

export const ACCENTS = [
  "#3b76d6",
  "#5a9bf0",
  "#8b5cf6",
  "#c026d3",
  "#0f9f8f",
  "#f59e0b",
  "#22b8cf",
  "#e2724b",
  "#b45309",
  "#7d8794",
  "#e11d72",
  "#64748b",
  "#16a34a",
  "#a8a29e",
  "#84a317",
  "#94a3b8",
];

export const LIGHT: Theme = {
  colors: {
    page: "#fafafa",
    groupNear: "#f0f3f9",
    groupDeep: "#d3ddee",
    header: "#23508c12",
    edge: "#8a97aa",
    edgeBack: "#b7791f",
    edgeIn: "#0d9373",
    edgeOut: "#dd5a12",
    select: "#1668dc",
    hover: "#4b5b73",
    shadow: "#1b2a4426",
    textOnLight: "#17202e",
    textOnDark: "#ffffff",
  },
  kinds: {
    operator: { fill: "#ffffff", border: "#c3ccda", title: "#1c2635", detail: "#66738a" },
    input: { fill: "#e3f5ea", border: "#85c7a0", title: "#14532d", detail: "#3f7a57" },
    output: { fill: "#fdeee2", border: "#eab489", title: "#7c2d12", detail: "#a3623d" },
    constant: { fill: "#f1f2f5", border: "#d5dae1", title: "#6a7485", detail: "#8a93a3" },
    collapsed: { fill: "#e6eefb", border: "#9db8e2", title: "#1d3d70", detail: "#56719e" },
    expanded: { fill: "#f0f3f9", border: "#c2cee1", title: "#3c4f70", detail: "#6c7d99" },
  },
};

export const DARK: Theme = {
  colors: {
    page: "#121212",
    groupNear: "#1a1d22",
    groupDeep: "#333c4b",
    header: "#a9c7ff12",
    edge: "#66748a",
    edgeBack: "#d6a04a",
    edgeIn: "#34d3a6",
    edgeOut: "#ff9a5a",
    select: "#6ea8ff",
    hover: "#a8b6cb",
    shadow: "#00000066",
    textOnLight: "#14181f",
    textOnDark: "#ffffff",
  },
  kinds: {
    operator: { fill: "#2a3039", border: "#4a5466", title: "#eaeef5", detail: "#9aa7bb" },
    input: { fill: "#17352a", border: "#3b7d5d", title: "#b9efd0", detail: "#7fb999" },
    output: { fill: "#3d2a1d", border: "#8e6040", title: "#fcd9bd", detail: "#c99a76" },
    constant: { fill: "#1f2329", border: "#3a424e", title: "#98a3b3", detail: "#76818f" },
    collapsed: { fill: "#243450", border: "#4b6a9d", title: "#d3e3ff", detail: "#90abd6" },
    expanded: { fill: "#1a1d22", border: "#3b4554", title: "#bac8de", detail: "#8492a8" },
  },
};

/** "#rrggbb" or "#rrggbbaa" to 0..1. */
export function rgba(hex: string): Rgba {
  const channel = (at: number) => Number.parseInt(hex.slice(at, at + 2), 16) / 255;
  return [channel(1), channel(3), channel(5), hex.length > 7 ? channel(7) : 1];
}

const COLOR_NAMES = Object.keys(LIGHT.colors) as (keyof Colors)[];
const ROLES = ["fill", "border", "title", "detail"] as const;

/** The declarations that the shaders share; `themeValues` gives their contents in this order. */
export const THEME_GLSL = [
  ...COLOR_NAMES.map((name) => `vec4 c_${name};`),
  ...ROLES.map((role) => `vec4 kind_${role}[${KINDS.length}];`),
  `vec4 accents[${ACCENTS.length}];`,
].join("\n");

export function themeValues(theme: Theme): number[] {
  const colors = COLOR_NAMES.map((name) => theme.colors[name]);
  const kinds = ROLES.flatMap((role) => KINDS.map((kind) => theme.kinds[kind][role]));
  return [...colors, ...kinds, ...ACCENTS].flatMap(rgba);
}
