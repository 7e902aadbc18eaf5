"""Chromium with the page in it, and what a person can see and do there."""

import base64
import json
import os
import secrets
import shutil

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

import exchange

SCREENSHOTS = os.path.join(exchange.TOP, ".build", "screenshots")
DESK = (1440, 900)
PHONE = (390, 844)

driver = None


def start():
    global driver
    shutil.rmtree(SCREENSHOTS, ignore_errors=True)
    os.makedirs(SCREENSHOTS)
    options = webdriver.ChromeOptions()
    # Some sandboxes and containers have neither namespaces nor room in /dev/shm.
    for switch in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                   "--disable-background-networking", "--disable-component-update",
                   "--no-first-run", "--hide-scrollbars", "--lang=en-US"):
        options.add_argument(switch)
    options.binary_location = shutil.which("chromium") or "/usr/bin/chromium"
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    chromedriver = shutil.which("chromedriver") or "/usr/bin/chromedriver"
    driver = webdriver.Chrome(options=options, service=Service(chromedriver))
    driver.set_script_timeout(30)
    look()


def stop():
    if driver:
        driver.quit()


def look(size=DESK, theme="dark"):
    is_phone = size[0] < 760
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
        "width": size[0], "height": size[1], "mobile": is_phone,
        "deviceScaleFactor": 2 if is_phone else 1})
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
        "features": [{"name": "prefers-color-scheme", "value": theme}]})


def open_page(symbol):
    """A fresh visit; nobody is logged in."""
    driver.get("about:blank")
    driver.get(f"{exchange.address()}/#{symbol}")
    driver.execute_script("sessionStorage.clear(); localStorage.clear()")
    driver.refresh()
    drain_logs()
    wait_live()


def wait_live(seconds=30):
    wait(lambda: book()["state"] == "live" and attribute("#status", "data-state") == "live",
         seconds, "a live page")


def wait(condition, seconds=30, what="the page"):
    return exchange.wait(condition, seconds, what)


# -- Seeing -------------------------------------------------------------------------------------


def script(text, *values):
    return driver.execute_script(text, *values)


def module(text, *values):
    """Runs text as the body of an async function, with `values`; gives what it returns."""
    answer = driver.execute_async_script(
        f"const done = arguments[arguments.length - 1];"
        f"(async (...values) => {{ {text} }})(...arguments)"
        f".then((value) => done({{ value }}), (error) => done({{ error: error.stack }}));",
        *values)
    assert "error" not in answer, answer.get("error")
    return answer["value"]


def text(selector):
    return script("return document.querySelector(arguments[0])?.innerText ?? null", selector)


def attribute(selector, name):
    return script("return document.querySelector(arguments[0])?.getAttribute(arguments[1])",
                  selector, name)


def rows(selector):
    """The texts of the cells of each row that is shown."""
    return script(
        "return [...document.querySelectorAll(arguments[0])].filter((row) => row.offsetParent)"
        ".map((row) => [...row.children].map((cell) => cell.innerText))", selector)


def book():
    """What the ladder shows: state, sequence, and (price, size, total) best first."""
    return script("""
      const read = (side) => [...document.querySelectorAll(`#${side} .level[data-price]`)].map(
        (row) => [row.dataset.price, ...[...row.querySelectorAll(".size, .total")]
          .map((cell) => cell.textContent.replaceAll(",", ""))]);
      const { state, sequence } = document.getElementById("book").dataset;
      return { state: state ?? "none", sequence: Number(sequence), asks: read("asks").reverse(),
        bids: read("bids") };""")


# -- Doing --------------------------------------------------------------------------------------


def element(selector):
    return driver.find_element(By.CSS_SELECTOR, selector)


def click(selector):
    element(selector).click()


def fill(selector, value):
    field = element(selector)
    field.clear()
    field.send_keys(value)


def press(keys):
    element("body").send_keys(keys)


def sign_up():
    name = f"person-{secrets.token_hex(4)}"
    click("#log-in")
    click("#auth-register")
    fill("#auth-name", name)
    fill("#auth-password", "correct horse battery" + Keys.ENTER)
    wait(lambda: text("#who-name") == name, what="the name in the corner")
    return name


def place(side, price, quantity):
    click(f"#side-{side}")
    fill("#price", price)
    fill("#quantity", quantity)
    click("#submit")


def screenshot(name):
    data = driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})["data"]
    with open(os.path.join(SCREENSHOTS, f"{name}.png"), "wb") as file:
        file.write(base64.b64decode(data))


def picture_of_failure(test):
    try:
        name = "".join(letter for letter in test.id().split(".")[-1] if letter.isidentifier())
        screenshot(f"failed-{name}")
    except Exception as error:  # the failure itself matters more than its picture
        print(f"no picture: {error}")


# -- The record ---------------------------------------------------------------------------------


def drain_logs():
    driver.get_log("browser")
    driver.get_log("performance")


def errors():
    """What the console has said since the last time, other than of calls that the exchange
    refused: a browser logs each answer of 400 and more."""
    return [entry["message"] for entry in driver.get_log("browser")
            if entry["level"] in ("SEVERE", "WARNING") and "/api/orders" not in entry["message"]]


def foreign_requests():
    """Addresses on other hosts that were asked since the last time, by whatever means."""
    found = []
    for entry in driver.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        request = message.get("params", {})
        address = request.get("request", {}).get("url") or (
            request.get("url") if message["method"] == "Network.webSocketCreated" else None)
        if address and message["method"] in (
                "Network.requestWillBeSent", "Network.webSocketCreated"):
            own = address.split("://")[-1].startswith(f"127.0.0.1:{exchange.port}/")
            if not own and not address.startswith(("data:", "about:", "blob:")):
                found.append(address)
    return found
