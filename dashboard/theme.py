"""How the page looks: one Material theme for light and dark."""

from __future__ import annotations

from typing import Any

ACCENT = {"light": "#3949ab", "dark": "#9fa8da"}


def _palette(mode: str) -> dict[str, Any]:
    is_dark = mode == "dark"
    return {
        "palette": {
            "primary": {"main": ACCENT[mode]},
            "background": {
                "default": "#14161a" if is_dark else "#fafafa",
                "paper": "#1c1f24" if is_dark else "#ffffff",
            },
        },
        "shape": {"borderRadius": 8},
        "typography": {"fontFamily": "system-ui, 'Segoe UI', Roboto, 'Noto Sans', sans-serif"},
        "components": {
            "MuiTab": {"styleOverrides": {"root": {"textTransform": "none", "minHeight": "40px"}}},
            "MuiButton": {"styleOverrides": {"root": {"textTransform": "none"}}},
        },
    }


THEME = {"light": _palette("light"), "dark": _palette("dark")}

PAGE_SX = {
    "& .MuiAppBar-root": {
        "backgroundColor": "background.paper",
        "backgroundImage": "none",
        "color": "text.primary",
        "boxShadow": "none",
        "borderBottom": "1px solid",
        "borderColor": "divider",
    },
    "& .MuiAppBar-root .title": {"color": "text.primary", "fontSize": "1.35rem", "fontWeight": 650},
}

EMBED_SX = {"& .MuiAppBar-root": {"display": "none"}, "& .MuiToolbar-root": {"display": "none"}}
