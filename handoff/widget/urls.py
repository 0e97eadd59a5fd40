"""What a site's page loads."""

from django.urls import path

from handoff.widget import article_page, callback_page, looks, views

urlpatterns = [
    path("widget.js", views.loader),
    path("widget/show.js", views.showing),
    path("widget/frame", views.frame),
    path("articles/<str:article_id>", article_page.article),
    path("widget/brand.css", looks.colours),
    path("widget/logo/<str:name>", looks.logo),
    path("callback/<str:token>", callback_page.callback),
]
