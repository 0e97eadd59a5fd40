"""Every page of Harbour Bank."""

from django.urls import path

from bank import dispute, help, pages, sign_in

urlpatterns = [
    path("", pages.front, name="front"),
    path("overview/", pages.overview, name="overview"),
    path("sign-in/", sign_in.sign_in, name="sign-in"),
    path("sign-in/code/", sign_in.sign_in_code, name="sign-in-code"),
    path("confirm/", sign_in.confirm, name="confirm"),
    path("sign-out/", sign_in.sign_out, name="sign-out"),
    path("signed-out/", sign_in.signed_out, name="signed-out"),
    path("help-token", help.help_token, name="help-token"),
    path("dispute/", dispute.choose_charge, name="choose-charge"),
    path("dispute/reason/", dispute.reason, name="reason"),
    path("dispute/receipt/", dispute.upload_receipt, name="upload-receipt"),
    path("dispute/review/", dispute.review, name="review"),
    path("dispute/sent/", dispute.sent, name="sent"),
]
