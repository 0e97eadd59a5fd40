"""The example site does what its README promises, seen from a browser's side of the wire."""

import re
import secrets
from collections.abc import Iterator

import httpx
import jwt
import pytest

from deploy.example_site import ExampleSite, running_example_site

HELP_ORIGIN = "http://127.0.0.1:9999"
SECRET = secrets.token_urlsafe(48)
PDF = b"%PDF-1.7\n"


@pytest.fixture(scope="module")
def site() -> Iterator[ExampleSite]:
    with running_example_site(help_origin=HELP_ORIGIN, hmac_secret=SECRET) as running:
        yield running


@pytest.fixture
def browser(site: ExampleSite) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=site.origin, follow_redirects=True, trust_env=False) as client:
        yield client


def post(browser: httpx.Client, path: str, data: dict[str, str] | None = None, **more: object) -> httpx.Response:
    """Send the form of a page, with the token that the page holds."""
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', browser.get(path).text)
    assert token is not None, path
    return browser.post(path, data={"csrfmiddlewaretoken": token[1], **(data or {})}, **more)  # type: ignore[arg-type]


def sign_in(browser: httpx.Client, name: str = "maya") -> httpx.Response:
    page = post(browser, "/sign-in/", {"username": name, "password": f"{name}-at-harbour"})
    code = re.search(r'data-code="(\d{6})"', page.text)
    assert code is not None, page.text
    return post(browser, "/sign-in/code/", {"code": code[1]})


def sign_out(browser: httpx.Client) -> httpx.Response:
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', browser.get("/overview/").text)
    assert token is not None
    return browser.post("/sign-out/", data={"csrfmiddlewaretoken": token[1]})


def choose_charge_and_reason(browser: httpx.Client) -> httpx.Response:
    charges = browser.get("/dispute/").text
    corner_cafe = re.search(r'value="(\d+)"[^>]*>\s*<span class="pick__text"><b>Corner Cafe', charges)
    assert corner_cafe is not None
    post(browser, "/dispute/", {"charge": corner_cafe[1]})
    return post(browser, "/dispute/reason/", {"reason": "charged_twice", "details": ""})


def upload(browser: httpx.Client, content: bytes, name: str = "receipt.pdf") -> httpx.Response:
    return post(browser, "/dispute/receipt/", files={"receipt": (name, content, "application/pdf")})


def marks(page: httpx.Response) -> list[tuple[str, ...]]:
    """Read what the page tells the help widget about its steps."""
    found = re.findall(r'data-step="([^"]+)" data-step-status="([^"]+)"(?: data-step-error="([^"]+)")?', page.text)
    return [tuple(filter(None, mark)) for mark in found]


def test_front_page_embeds_the_widget_for_somebody_who_is_not_signed_in(browser: httpx.Client) -> None:
    page = browser.get("/")
    assert page.status_code == 200
    assert f'<script async src="{HELP_ORIGIN}/widget.js" data-site="harbour" data-lang="en-gb"></script>' in page.text
    assert 'handoff("identify"' in page.text


def test_policy_allows_the_widget_and_this_response_s_scripts_alone(browser: httpx.Client) -> None:
    first, second = browser.get("/"), browser.get("/")
    nonces = [re.findall(r'nonce="([^"]+)"', page.text) for page in (first, second)]
    assert len(set(nonces[0])) == 1
    assert nonces[0][0] != nonces[1][0]
    assert first.headers["content-security-policy"] == (
        f"default-src 'self'; script-src 'nonce-{nonces[0][0]}' {HELP_ORIGIN}; frame-src {HELP_ORIGIN}; "
        "connect-src 'self'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    )


@pytest.mark.parametrize("path", ["/", "/sign-in/", "/signed-out/"])
def test_pages_hold_nothing_inline_that_the_policy_would_refuse(browser: httpx.Client, path: str) -> None:
    text = browser.get(path).text
    assert " style=" not in text
    assert not re.search(r"\son[a-z]+=", text)
    assert all("nonce=" in tag or "src=" in tag for tag in re.findall(r"<script[^>]*>", text))


@pytest.mark.parametrize("name", ["bank/bank.css", "bank/help.js", "bank/mark.svg"])
def test_static_files_are_served_without_a_web_server_in_front(browser: httpx.Client, name: str) -> None:
    assert browser.get(f"/static/{name}").status_code == 200


def test_no_token_for_somebody_who_is_not_signed_in(browser: httpx.Client) -> None:
    answer = browser.get("/help-token")
    assert (answer.status_code, answer.content) == (204, b"")
    assert "no-store" in answer.headers["cache-control"]


def test_password_alone_signs_nobody_in(browser: httpx.Client) -> None:
    post(browser, "/sign-in/", {"username": "maya", "password": "maya-at-harbour"})
    assert browser.get("/help-token").status_code == 204
    assert browser.get("/overview/").url.path == "/sign-in/"


def test_wrong_password_is_refused(browser: httpx.Client) -> None:
    page = post(browser, "/sign-in/", {"username": "maya", "password": "wrong"})
    assert "do not belong together" in page.text
    assert page.url.path == "/sign-in/"


def test_code_is_used_up_after_three_wrong_tries(browser: httpx.Client) -> None:
    page = post(browser, "/sign-in/", {"username": "maya", "password": "maya-at-harbour"})
    code = re.search(r'data-code="(\d{6})"', page.text)
    assert code is not None
    wrong = f"{(int(code[1]) + 1) % 1_000_000:06d}"
    pages = [post(browser, "/sign-in/code/", {"code": wrong}) for _ in range(3)]
    assert "2 more times" in pages[0].text
    assert "used up" in pages[2].text
    assert browser.get("/sign-in/code/").url.path == "/sign-in/"


def test_token_says_who_is_signed_in_and_how(browser: httpx.Client) -> None:
    overview = sign_in(browser)
    assert overview.url.path == "/overview/"
    answer = browser.get("/help-token", params={"acr_values": "urn:bank:2", "max_age": "300"})
    assert "no-store" in answer.headers["cache-control"]
    assert jwt.get_unverified_header(answer.text) == {"alg": "HS256", "typ": "handoff-id+jwt"}
    claims = jwt.decode(answer.text, SECRET, algorithms=["HS256"], audience=HELP_ORIGIN, issuer="harbour")
    assert 120 <= claims["exp"] - claims["iat"] <= 300
    assert 0 <= claims["iat"] - claims["auth_time"] < 60
    assert re.fullmatch(r"[A-Za-z0-9_-]{16,64}", claims["jti"])
    for moving in ("iat", "exp", "jti", "auth_time"):
        del claims[moving]
    assert claims == {
        "iss": "harbour",
        "aud": HELP_ORIGIN,
        "sub": "hb-204117",
        "acr": "urn:bank:2",
        "amr": ["pwd", "otp"],
        "name": "Maya Chen",
        "email": "maya.chen@example.com",
        "phone_number": "+44 7700 900001",
        "locale": "en-GB",
        "zoneinfo": "Europe/London",
        "facts": {
            "account": {"label": "Account", "value": "..4821"},
            "segment": {"label": "Segment", "value": "premier"},
        },
    }


def test_each_token_is_new_and_the_sign_in_s_time_stays(browser: httpx.Client) -> None:
    sign_in(browser)
    tokens = [browser.get("/help-token").text for _ in range(2)]
    claims = [jwt.decode(token, SECRET, algorithms=["HS256"], audience=HELP_ORIGIN) for token in tokens]
    assert claims[0]["jti"] != claims[1]["jti"]
    assert claims[0]["auth_time"] == claims[1]["auth_time"]


def test_journey_tells_each_step_and_the_refused_receipt(browser: httpx.Client) -> None:
    sign_in(browser)
    assert marks(browser.get("/dispute/")) == [("choose-charge", "started")]
    receipt = choose_charge_and_reason(browser)
    assert receipt.url.path == "/dispute/receipt/"
    assert marks(receipt) == [("reason", "done"), ("upload-receipt", "started")]
    assert 'data-fact="charge" data-fact-label="Charge" value="GBP 42.10, Corner Cafe"' in receipt.text
    assert 'data-intent="dispute-charge"' in receipt.text

    refused = upload(browser, PDF + b"x" * 200_000)
    assert marks(refused) == [("upload-receipt", "failed", "FILE_TOO_LARGE")]
    assert "200 KB at most" in refused.text

    review = upload(browser, PDF)
    assert marks(review) == [("upload-receipt", "done"), ("review", "started")]
    sent = post(browser, "/dispute/review/")
    assert marks(sent) == [("review", "done")]
    assert "HB-0" in sent.text


def test_finished_step_is_told_once(browser: httpx.Client) -> None:
    sign_in(browser)
    choose_charge_and_reason(browser)
    assert marks(browser.get("/dispute/receipt/")) == [("upload-receipt", "started")]


@pytest.mark.parametrize(
    ("content", "error"), [(b"MZ not a receipt", "FILE_TYPE"), (b"", "EMPTY"), (PDF + b"x" * 300_000, "FILE_TOO_LARGE")]
)
def test_receipts_that_the_server_refuses(browser: httpx.Client, content: bytes, error: str) -> None:
    sign_in(browser)
    choose_charge_and_reason(browser)
    assert marks(upload(browser, content)) == [("upload-receipt", "failed", error)]


def test_step_in_the_middle_leads_back_to_the_first_that_is_missing(browser: httpx.Client) -> None:
    sign_in(browser)
    assert browser.get("/dispute/review/").url.path == "/dispute/"


def test_charge_of_another_customer_cannot_be_chosen(site: ExampleSite, browser: httpx.Client) -> None:
    with httpx.Client(base_url=site.origin, follow_redirects=True, trust_env=False) as other:
        sign_in(other, "daniel")
        foreign = re.search(r'name="charge" value="(\d+)"', other.get("/dispute/").text)
    assert foreign is not None
    sign_in(browser)
    assert marks(post(browser, "/dispute/", {"charge": foreign[1]})) == [("choose-charge", "failed", "INVALID_CHOICE")]


def test_sign_out_leaves_nothing_for_the_next_person(browser: httpx.Client) -> None:
    sign_in(browser)
    choose_charge_and_reason(browser)
    page = sign_out(browser)
    assert page.url.path == "/signed-out/"
    assert "data-signed-out" in page.text
    assert browser.get("/help-token").status_code == 204
    sign_in(browser, "daniel")
    claims = jwt.decode(browser.get("/help-token").text, SECRET, algorithms=["HS256"], audience=HELP_ORIGIN)
    assert claims["sub"] == "hb-317562"
    assert browser.get("/dispute/review/").url.path == "/dispute/"


def test_pages_of_a_customer_are_not_kept_by_the_browser(browser: httpx.Client) -> None:
    sign_in(browser)
    for path in ("/overview/", "/dispute/"):
        assert "no-store" in browser.get(path).headers["cache-control"]


def test_sign_out_needs_a_form_of_this_site(browser: httpx.Client) -> None:
    sign_in(browser)
    assert browser.get("/sign-out/").status_code == 405
    assert browser.post("/sign-out/").status_code == 403
    assert browser.get("/help-token").status_code == 200


def test_cookies_have_names_of_their_own(browser: httpx.Client) -> None:
    sign_in(browser)
    assert {cookie.name for cookie in browser.cookies.jar} == {"harbour_sessionid", "harbour_csrftoken"}


def test_next_page_never_leaves_the_site(browser: httpx.Client) -> None:
    data = {"username": "maya", "password": "maya-at-harbour", "next": "//evil.example/"}
    code = re.search(r'data-code="(\d{6})"', post(browser, "/sign-in/", data).text)
    assert code is not None
    assert post(browser, "/sign-in/code/", {"code": code[1]}).url.path == "/overview/"


def test_a_need_that_the_sign_in_does_not_meet_leads_to_a_code_and_back(browser: httpx.Client) -> None:
    sign_in(browser)
    need = {"acr_values": "urn:bank:3", "max_age": "300"}
    refused = browser.get("/help-token", params=need)
    assert (refused.status_code, refused.headers["location"], refused.text) == (202, "/confirm/", "")
    page = browser.get("/confirm/", params={"next": "/dispute/reason/?from=help"})
    assert "widget.js" not in page.text
    code = re.search(r'data-code="(\d{6})"', page.text)
    csrf = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
    assert code
    assert csrf
    wrong = {"csrfmiddlewaretoken": csrf[1], "code": f"{(int(code[1]) + 1) % 1_000_000:06d}"}
    assert "2 more times" in browser.post("/confirm/", data=wrong).text
    back = browser.post("/confirm/", data=wrong | {"code": code[1]}, follow_redirects=False)
    assert (back.status_code, back.headers["location"]) == (302, "/dispute/reason/?from=help")
    answer = browser.get("/help-token", params=need)
    claims = jwt.decode(answer.text, SECRET, algorithms=["HS256"], audience=HELP_ORIGIN, issuer="harbour")
    assert (claims["acr"], claims["iat"] - claims["auth_time"] < 60) == ("urn:bank:3", True)


def test_a_need_of_somebody_unknown_leads_to_the_sign_in(browser: httpx.Client) -> None:
    answer = browser.get("/help-token", params={"max_age": "300"})
    assert (answer.status_code, answer.headers["location"]) == (202, "/sign-in/")
    assert browser.get("/confirm/").url.path == "/sign-in/"


def test_a_confirmation_leads_nowhere_else(browser: httpx.Client) -> None:
    sign_in(browser)
    page = browser.get("/confirm/", params={"next": "https://elsewhere.example/"})
    assert 'href="/overview/">Not now' in page.text
