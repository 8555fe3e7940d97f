// When the reader turns to a view: with a button of the pointer, or with the keyboard.

/** Calls `react` for each press in `root`, and when the focus comes to it by other means. */
export function watchTouches(root: HTMLElement, signal: AbortSignal, react: () => void): void {
  let isPressed = false; // what is pressed may take the focus: that is one touch
  const released = () => {
    isPressed = false;
  };
  const options = { signal, capture: true };
  root.addEventListener(
    "pointerdown",
    () => {
      isPressed = true;
      react();
    },
    options,
  );
  for (const name of ["pointerup", "pointercancel"]) {
    window.addEventListener(name, released, options);
  }
  root.addEventListener(
    "focusin",
    (event) => {
      const isFromInside =
        event.relatedTarget instanceof Node && root.contains(event.relatedTarget);
      if (!isPressed && !isFromInside) react();
    },
    options,
  );
}
