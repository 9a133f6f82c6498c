"""Each e-mail about an account names OPERATOR_EMAIL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.factories import PASSWORD

if TYPE_CHECKING:
    from tests.accounts.conftest import Mail
    from tests.api_client import ApiClient

EMAIL = "ayesha@example.com"


def test_each_email_about_an_account_names_the_address_of_the_operator(api: ApiClient, all_mail: Mail) -> None:
    all_mail.config = all_mail.config.model_copy(update={"operator_email": "help@halls.example"})
    token = api.sign_up(email=EMAIL)["token"]
    change = {"password": PASSWORD, "new_password": "another horse 8"}
    assert api.post("/auth/change-password", change, token=token).status == 200
    assert api.post("/auth/forgot-password", {"email": EMAIL}).status == 200
    deliveries = all_mail.deliver()
    assert len(deliveries) == 3
    for delivery in deliveries:
        assert "Questions? Write to help@halls.example" in delivery.part("plain")
        assert 'href="mailto:help@halls.example"' in delivery.part("html")
