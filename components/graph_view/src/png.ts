// A picture of the view with its legend, offered as a download.

import { FONT_FAMILY } from "./labels/atlas";
import { safeStops } from "./panels/legend";
import type { Legend } from "./scene";
import type { View } from "./view";

const MAX_SIDE_PX = 8192;
const MAX_SWATCHES = 12;

export function savePng(view: View, legend: Legend | null, isDark: boolean, scale: number): void {
  const { width, height } = view.size;
  if (!view.isDrawable) return;
  const ratio = window.devicePixelRatio || 1;
  const wanted = ratio * Math.min(4, Math.max(1, scale || 1));
  const factor = Math.min(wanted, MAX_SIDE_PX / Math.max(width, height));
  const picture = view.picture(factor);
  if (legend) drawLegend(picture, legend, isDark, factor);
  picture.toBlob((blob) => {
    if (blob) download(blob);
  }, "image/png");
}

function download(blob: Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = "graph.png";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

function drawLegend(picture: HTMLCanvasElement, legend: Legend, isDark: boolean, s: number): void {
  const pen = picture.getContext("2d");
  if (!pen) return;
  const swatches = legend.swatches.slice(0, MAX_SWATCHES);
  const rampHeight = legend.stops.length ? 34 : 0;
  const height = 30 + rampHeight + 17 * swatches.length;
  const width = 248;
  pen.setTransform(s, 0, 0, s, 10 * s, picture.height - (10 + height) * s);
  pen.fillStyle = isDark ? "#1e2126" : "#ffffff";
  pen.strokeStyle = isDark ? "#363c46" : "#d9dfe8";
  pen.beginPath();
  pen.roundRect(0, 0, width, height, 10);
  pen.fill();
  pen.stroke();
  const text = isDark ? "#e7ebf1" : "#1f2937";
  pen.fillStyle = text;
  pen.font = `600 12px ${FONT_FAMILY}`;
  pen.fillText(legend.title, 11, 20, width - 22);
  pen.font = `400 11px ${FONT_FAMILY}`;
  if (rampHeight) drawRamp(pen, legend, text);
  swatches.forEach(([color, label], i) => {
    const y = 30 + rampHeight + 17 * i;
    pen.fillStyle = color;
    pen.fillRect(11, y, 12, 12);
    pen.fillStyle = text;
    pen.fillText(label, 30, y + 10, width - 42);
  });
}

function drawRamp(pen: CanvasRenderingContext2D, legend: Legend, text: string): void {
  const ramp = pen.createLinearGradient(11, 0, 231, 0);
  for (const [position, color] of safeStops(legend)) ramp.addColorStop(position, color);
  pen.fillStyle = ramp;
  pen.fillRect(11, 29, 220, 9);
  pen.fillStyle = text;
  for (const [position, label] of legend.ticks) {
    const { width } = pen.measureText(label);
    const at = Math.min(1, Math.max(0, position));
    pen.fillText(label, 11 + at * (220 - width), 51);
  }
}
