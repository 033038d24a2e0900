"""Learn: the handbook by sections, a quiz, and for each support service a way to ask the officer for it."""

from dialogs.answers import one_of
from dialogs.model import (
    N_,
    Answers,
    ArticleHead,
    Ask,
    Dialog,
    Effects,
    Facts,
    Go,
    Option,
    SendArticle,
    SendMessage,
    Text,
)
from dialogs.producer.consent import consent_asked

SECTIONS = (
    Option("basics", Text(N_("What OCOP is")), ("ocop là gì", "basics")),
    Option("cycle", Text(N_("The six steps")), ("các bước", "chu trình", "steps")),
    Option("products", Text(N_("Product groups")), ("nhóm sản phẩm", "groups")),
    Option("stars", Text(N_("Points and stars")), ("điểm", "sao", "mấy sao", "stars")),
    Option("levels", Text(N_("Who rates it")), ("ai chấm", "levels")),
    Option("support", Text(N_("Support services")), ("hỗ trợ", "dịch vụ hỗ trợ", "support")),
    Option("promotion", Text(N_("Where to sell")), ("bán hàng", "bán ở đâu", "promotion")),
    Option("faq", Text(N_("Common questions")), ("câu hỏi", "hỏi đáp", "faq")),
)
QUIZ = Option("quiz", Text(N_("Try the quiz")), ("đố vui", "quiz"))
BACK = Option("back", Text(N_("Main menu")), ("menu", "về đầu"))


def to_section(value: str, answers: Answers, facts: Facts) -> Go:
    if value == "quiz":
        return Go("quiz")
    return Go("menu") if value == "back" else Go(f"section.{value}")


LEARN = Dialog(
    "learn",
    before=consent_asked,
    linked=True,
    steps=(
        Ask(
            "section",
            N_("What would you like to know? You may also just type your question."),
            one_of((*SECTIONS, QUIZ)),
            goto=to_section,
        ),
    ),
)


def articles_of(section: str, facts: Facts) -> tuple[ArticleHead, ...]:
    return tuple(article for article in facts.articles if article.section == section)


def article_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    listed = tuple(Option(article.id, article.title) for article in articles_of(answers["subject"], facts))
    where = (Option("where", Text(N_("Where is my file?")), ("hồ sơ của tôi đâu",)),)
    return (*(where if answers["subject"] == "cycle" else ()), *listed)


def to_article(value: str, answers: Answers, facts: Facts) -> Go:
    if value == "where":
        return Go("check_status")
    return Go(f"article.{value}", effects=(SendArticle(value),))


def which_article(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    section = next((o.label for o in SECTIONS if o.value == answers["subject"]), None)
    title = section if isinstance(section, Text) else Text(N_("Learn about OCOP"))
    return (Text("%(title)s", {"title": title}), Text(N_("Which one shall I tell you about?")))


SECTION = Dialog(
    "section",
    linked=True,
    up="learn",
    allowed=lambda answers, facts: bool(articles_of(answers["subject"], facts)),
    steps=(Ask("article", which_article, one_of(article_options), goto=to_article),),
)


def _head(answers: Answers, facts: Facts) -> ArticleHead | None:
    return next((article for article in facts.articles if article.id == answers["subject"]), None)


def _next(answers: Answers, facts: Facts) -> ArticleHead | None:
    here = _head(answers, facts)
    if here is None:
        return None
    rest = articles_of(here.section, facts)
    following = rest[rest.index(here) + 1 :]
    return following[0] if following else None


def onward(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    here, following = _head(answers, facts), _next(answers, facts)
    ask = (Option("ask", Text(N_("Ask my officer for this")), ("nhờ cán bộ",)),) if here and here.service else ()
    more = (Option("next", following.title, ("tiếp", "next")),) if following else ()
    return (*ask, *more, Option("list", Text(N_("Back to the list")), ("danh sách", "list")), BACK)


def from_article(value: str, answers: Answers, facts: Facts) -> Go:
    here, following = _head(answers, facts), _next(answers, facts)
    if value == "ask" and here is not None:
        return Go(f"ask_officer.{here.id}")
    if value == "next" and following is not None:
        return Go(f"article.{following.id}", effects=(SendArticle(following.id),))
    return Go(f"section.{here.section}") if value == "list" and here is not None else Go("menu")


ARTICLE = Dialog(
    "article",
    linked=True,
    up="learn",
    allowed=lambda answers, facts: _head(answers, facts) is not None,
    steps=(Ask("onward", N_("What next?"), one_of(onward), goto=from_article),),
)


# ---------------------------------------------------------------- quiz

QUIZ_QUESTIONS = 5


def _asked(index: int) -> Ask:
    def prompt(answers: Answers, facts: Facts) -> tuple[Text, ...]:
        head = Text(N_("Quiz %(number)s/%(total)s"), {"number": index + 1, "total": QUIZ_QUESTIONS})
        return (head, Text("%(question)s", {"question": facts.quiz[index].text}))

    def options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
        return tuple(Option(str(n), label) for n, label in enumerate(facts.quiz[index].options))

    def told(answers: Answers, facts: Facts) -> Effects:
        quiz = facts.quiz[index]
        right = answers[f"q{index + 1}"] == str(quiz.correct)
        verdict = Text(N_("Right!")) if right else Text(N_("Not quite."))
        return (SendMessage((verdict, Text("%(explanation)s", {"explanation": quiz.explanation}))),)

    return Ask(f"q{index + 1}", prompt, one_of(options), then=told)


def score(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    right = sum(answers.get(f"q{n + 1}") == str(q.correct) for n, q in enumerate(facts.quiz))
    return (Text(N_("You have %(right)s of %(total)s right."), {"right": right, "total": QUIZ_QUESTIONS}),)


def after_quiz(value: str, answers: Answers, facts: Facts) -> Go:
    return Go("quiz", drop="quiz") if value == "again" else Go("learn" if value == "learn" else "menu")


QUIZ_DIALOG = Dialog(
    "quiz",
    up="learn",
    allowed=lambda answers, facts: len(facts.quiz) >= QUIZ_QUESTIONS,
    steps=(
        *(_asked(index) for index in range(QUIZ_QUESTIONS)),
        Ask(
            "score",
            score,
            one_of(
                (
                    Option("learn", Text(N_("Read more")), ("tìm hiểu thêm", "learn")),
                    Option("again", Text(N_("Try again")), ("làm lại", "again")),
                    BACK,
                )
            ),
            goto=after_quiz,
        ),
    ),
)
