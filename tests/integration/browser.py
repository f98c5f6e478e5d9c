"""A headless Chromium for tests of the console's page."""

import base64
import pathlib

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

DESKTOP, PHONE = (1440, 1000), (360, 740)


def open_browser():
    """The driver; quit() it, which takes its profile away too."""
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    # As root, as a CI runs it, Chromium's own sandbox cannot be; the pages are ours.
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--no-first-run",
                     "--disable-background-networking", "--disable-component-update", "--disable-sync",
                     "--disable-default-apps"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
    resize(driver, DESKTOP)
    return driver


def resize(driver, size, scheme=None):
    """The size of what is seen, below what a window's frame allows too; `scheme`: light or dark."""
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                           {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": size[0] < 500})
    if scheme is not None:
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia",
                               {"features": [{"name": "prefers-color-scheme", "value": scheme}]})


def picture(driver, file, whole=False):
    """A PNG of what is seen, or of the whole page."""
    shot = driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png", "captureBeyondViewport": whole})
    pathlib.Path(file).write_bytes(base64.b64decode(shot["data"]))


def complaints(driver):
    """What the browser's console said: errors of scripts, and what the content policy stopped."""
    return [entry["message"] for entry in driver.get_log("browser") if entry["level"] == "SEVERE"]
