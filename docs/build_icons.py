"""Make the icons of the installed chat from bot/web/static/icon.svg, which is our own drawing.

Run it only when the drawing changes; it needs the development packages and a Chromium:

    .venv/bin/python docs/build_icons.py /usr/bin/chromium
"""

import io
import re
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

STATIC = Path(__file__).resolve().parent.parent / "bot" / "web" / "static"
ROUNDED = (STATIC / "icon.svg").read_text("utf-8")
# A phone cuts its own shape out of this one, so it fills the square, beyond its edges; the star is in the middle 80 %.
FULL = re.sub(r"a16 16 .*?z", "h9V64H-9V57z", ROUNDED.replace(' rx="16"', ""))
STAR = re.findall(r'<path fill="#f4cf57" d="(.*?)"', ROUNDED)[0]
# Of the small sign in Android's status bar only the outline counts; drawn larger, as it stands alone.
BADGE = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="20 6 24 24"><path fill="#fff" d="{STAR}"/></svg>'
ICONS = {
    "icon-192.png": (ROUNDED, 192),
    "icon-512.png": (ROUNDED, 512),
    "maskable-192.png": (FULL, 192),
    "maskable-512.png": (FULL, 512),
    "apple-touch-icon.png": (FULL, 180),
    "badge-96.png": (BADGE, 96),
}


def drawn(page: Page, svg: str, size: int) -> bytes:
    page.set_viewport_size({"width": size, "height": size})
    sized = svg.replace("<svg ", f'<svg width="{size}" height="{size}" style="display:block" ', 1)
    page.set_content(f'<body style="margin:0">{sized}</body>')
    return page.screenshot(omit_background=True)


def main(chromium: str) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        for name, (svg, size) in ICONS.items():
            Image.open(io.BytesIO(drawn(page, svg, size))).save(STATIC / name, optimize=True)
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1])
