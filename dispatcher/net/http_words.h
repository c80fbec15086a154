/* What people read, in German and English: errors, refusals, causes, notices, offers. One table; keys are the stable
 * names of the API ("refusal.outside_area"). Never names another rider, address or need. */
#ifndef ZUB_HTTP_WORDS_H
#define ZUB_HTTP_WORDS_H

enum language { LANGUAGE_EN = 0, LANGUAGE_DE = 1 };

/* The language a browser prefers of those we speak; header may be NULL. */
enum language http_words_language(const char *accept_language);
const char *http_words_code(enum language language);
/* The text of "group.name"; a plain sentence when the name is new to us; never NULL. */
const char *http_words(enum language language, const char *group, const char *name);
/* 1 when the table has both languages for it (tests). */
int http_words_known(const char *group, const char *name);

#endif
