"""What a customer reads that is made here and not in the browser: the frame's title, and a callback's own page."""

from __future__ import annotations

import re
from typing import Final

from handoff.widget.languages import RIGHT_TO_LEFT

WORDS: Final[dict[str, dict[str, str]]] = {
    "en": {
        "help": "{site} help",
        "needs_script": "Help needs JavaScript. Please use another way to reach {site}.",
        "your_call": "Your call",
        "we_call": "We call you at {number}",
        "in_window": "On {date} from {start} to {end}, {zone} time.",
        "from_time": "From {time}, {date} on, {zone} time.",
        "on_turn": "When it is your turn. Your place is kept.",
        "later_15": "Call me 15 minutes later",
        "later_60": "Call me an hour later",
        "cancel": "Cancel the call",
        "being_made": "Your call is being made",
        "rings": "Your phone {number} rings in a moment, or you are talking already.",
        "no_call": "There is no call to change",
        "no_call_why": "It was made, cancelled, or you chose another way. Nothing you need to do.",
        "problem.rate_limited": "That was a lot at once. Wait a moment and try again.",
        "problem.illegal_transition": "That has just changed, so it was not done. What you see here is how it stands.",
        "problem.invalid_request": "That time cannot be booked. Choose another one.",
        "problem.other": "That did not work. Your call stands as it was; try again.",
    },
    "de": {
        "help": "Hilfe von {site}",
        "needs_script": "Die Hilfe braucht JavaScript. Bitte erreichen Sie {site} auf einem anderen Weg.",
        "your_call": "Ihr Anruf",
        "we_call": "Wir rufen Sie unter {number} an",
        "in_window": "Am {date} von {start} bis {end} Uhr, Zeitzone {zone}.",
        "from_time": "Ab {time} Uhr, {date}, Zeitzone {zone}.",
        "on_turn": "Wenn Sie an der Reihe sind. Ihr Platz bleibt erhalten.",
        "later_15": "15 Minuten später anrufen",
        "later_60": "Eine Stunde später anrufen",
        "cancel": "Anruf absagen",
        "being_made": "Ihr Anruf wird gerade aufgebaut",
        "rings": "Ihr Telefon {number} klingelt gleich, oder Sie sprechen schon.",
        "no_call": "Hier gibt es keinen Anruf zu ändern",
        "no_call_why": "Er kam schon, wurde abgesagt, oder Sie haben einen anderen Weg gewählt. Sie müssen nichts tun.",
        "problem.rate_limited": "Das war sehr viel auf einmal. Warten Sie kurz und versuchen Sie es noch einmal.",
        "problem.illegal_transition": "Das hat sich gerade geändert und wurde nicht ausgeführt. So steht es jetzt.",
        "problem.invalid_request": "Diese Zeit kann nicht gebucht werden. Wählen Sie eine andere.",
        "problem.other": "Das hat nicht geklappt. Ihr Anruf steht wie zuvor; versuchen Sie es noch einmal.",
    },
    "es": {
        "help": "Ayuda de {site}",
        "needs_script": "La ayuda necesita JavaScript. Póngase en contacto con {site} por otra vía.",
        "your_call": "Su llamada",
        "we_call": "Le llamamos al {number}",
        "in_window": "El {date}, de {start} a {end}, zona horaria {zone}.",
        "from_time": "A partir de las {time}, {date}, zona horaria {zone}.",
        "on_turn": "Cuando llegue su turno. Su puesto se conserva.",
        "later_15": "Llámenme 15 minutos más tarde",
        "later_60": "Llámenme una hora más tarde",
        "cancel": "Cancelar la llamada",
        "being_made": "Le estamos llamando",
        "rings": "Su teléfono {number} sonará en un momento, o ya está hablando.",
        "no_call": "No hay ninguna llamada que cambiar",
        "no_call_why": "Ya se hizo, se canceló o eligió otra vía. No tiene que hacer nada.",
        "problem.rate_limited": "Fue demasiado a la vez. Espere un momento y vuelva a intentarlo.",
        "problem.illegal_transition": "Eso acaba de cambiar, así que no se hizo. Aquí ve cómo está ahora.",
        "problem.invalid_request": "Esa hora no se puede reservar. Elija otra.",
        "problem.other": "No funcionó. Su llamada sigue como estaba; vuelva a intentarlo.",
    },
    "ar": {
        "help": "مساعدة {site}",
        "needs_script": "تحتاج المساعدة إلى JavaScript. يُرجى التواصل مع {site} بطريقة أخرى.",
        "your_call": "مكالمتك",
        "we_call": "نتصل بك على {number}",
        "in_window": "يوم {date} من {start} إلى {end}، المنطقة الزمنية {zone}.",
        "from_time": "ابتداءً من {time}، {date}، المنطقة الزمنية {zone}.",
        "on_turn": "عندما يحين دورك. دورك محفوظ.",
        "later_15": "اتصلوا بي بعد 15 دقيقة من ذلك",
        "later_60": "اتصلوا بي بعد ساعة من ذلك",
        "cancel": "إلغاء المكالمة",
        "being_made": "يجري الاتصال بك",
        "rings": "سيرنّ هاتفك {number} بعد لحظات، أو أنك تتحدث بالفعل.",
        "no_call": "لا توجد مكالمة لتغييرها",
        "no_call_why": "لقد تمّت أو أُلغيت أو اخترت طريقة أخرى. لا حاجة إلى فعل شيء.",
        "problem.rate_limited": "كان ذلك كثيرًا دفعة واحدة. انتظر لحظة وحاول مرة أخرى.",
        "problem.illegal_transition": "تغيّر ذلك للتو فلم يُنفَّذ. ما تراه هنا هو الوضع الحالي.",
        "problem.invalid_request": "لا يمكن حجز هذا الموعد. اختر موعدًا آخر.",
        "problem.other": "لم ينجح ذلك. مكالمتك كما كانت؛ حاول مرة أخرى.",
    },
}

# Hebrew, Arabic and their kin, which would turn around what stands beside them.
_TURNS: Final = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")


def say(key: str, *, language: str, **values: str) -> str:
    """In this language; each value keeps its own direction, and turns nothing around it."""
    is_rtl = language in RIGHT_TO_LEFT
    return WORDS[language][key].format_map(
        {
            name: f"\N{FIRST STRONG ISOLATE}{value}\N{POP DIRECTIONAL ISOLATE}"
            if is_rtl or _TURNS.search(value)
            else value
            for name, value in values.items()
        }
    )


def say_problem(code: str, *, language: str) -> str:
    key = f"problem.{code}"
    return WORDS[language].get(key, WORDS[language]["problem.other"])
