/* What a public service must say about itself: privacy, imprint, licences, whose data it uses. Texts are the
 * operator's own; where there is none the page says so and invents nothing. */
#include "plain.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_FILE_BYTES_MAX (256u << 10)

/* ---- attribution ---- */
void plain_put_attribution(struct evbuffer *out, const struct town *town)
{
	const char *text = town_text(town, town->attribution);
	char clean[512];
	size_t n = 0;
	if (!town_text(town, town->generated)[0] && !strcasestr(text, "openstreetmap"))
		html_put(out, "© OpenStreetMap contributors%s", text[0] ? "; " : "");
	while (*text && n + 4 < sizeof clean) {
		int mark = strncasecmp(text, "(c)", 3) == 0;
		n += (size_t)snprintf(clean + n, sizeof clean - n, "%.*s", mark ? 2 : 1, mark ? "©" : text);
		text += mark ? 3 : 1;
	}
	clean[n] = 0;
	html_put(out, "%s", clean);
}

static void put_feeds(struct evbuffer *out, const struct http *http, enum language language)
{
	const struct town *town = http_town(http);
	const struct timetable *timetable = &town->timetable;
	html_put(out, "<h2>%s</h2><ul><li>", plain_word(language, PLAIN_DATA));
	plain_put_attribution(out, town);
	if (!town_text(town, town->generated)[0])
		html_put(out, " (<a href=\"https://www.openstreetmap.org/copyright\" rel=\"noreferrer\">ODbL</a>)");
	html_put(out, "</li>");
	for (uint32_t i = 0; i < timetable->n_feeds; i++) {
		const char *name = town_text(town, timetable->feed_name[i]);
		const char *publisher = town_text(town, timetable->feed_publisher[i]);
		html_put(out, "<li>%s%s%s", name, publisher[0] ? ": " : "", publisher);
		if (timetable->feed_invented[i])
			html_put(out, " (%s)", plain_word(language, PLAIN_INVENTED));
		html_put(out, "</li>");
	}
	if (http->settings.live_invented)
		html_put(out, "<li>%s</li>", plain_word(language, PLAIN_LIVE_INVENTED));
	html_put(out, "</ul>");
}

/* ---- the operator's texts ---- */
static int read_file(const char *path, char **ret_text, struct err_detail *detail)
{
	FILE *file = fopen(path, "rbe");
	char *text = file ? calloc(1, TEXT_FILE_BYTES_MAX + 1) : NULL;
	size_t n = text ? fread(text, 1, TEXT_FILE_BYTES_MAX, file) : 0;
	int whole = text && feof(file);
	if (file)
		fclose(file);
	if (!whole || strlen(text) != n || !html_text_is_fine(text)) {
		free(text);
		return err_set(detail, ERR_FORMAT, "%s: expected a text file in UTF-8 of at most %u bytes%s%s", path,
			       TEXT_FILE_BYTES_MAX, file ? "" : ": ", file ? "" : strerror(errno));
	}
	*ret_text = text;
	return ERR_OK;
}

int plain_texts_open(struct http *http, struct err_detail *detail)
{
	int code = ERR_OK;
	if (http->settings.privacy_path && http->settings.privacy_path[0])
		code = read_file(http->settings.privacy_path, &http->privacy, detail);
	if (!code && http->settings.imprint_path && http->settings.imprint_path[0])
		code = read_file(http->settings.imprint_path, &http->imprint, detail);
	return code;
}

/* Paragraphs are parted by empty lines; nothing in the text is markup. */
static void put_paragraphs(struct evbuffer *out, const char *text)
{
	while (*text) {
		const char *end = strstr(text, "\n\n");
		size_t n = end ? (size_t)(end - text) : strlen(text);
		char *part = strndup(text, n);
		if (part && strspn(part, " \r\n\t") != n)
			html_put(out, "<p class=\"lines\">%s</p>", part);
		free(part);
		text += n + (end ? 2 : 0);
	}
}

static void show_text(struct call *call, enum plain_word title, const char *file, const char *of_town,
		      enum plain_word empty)
{
	struct evbuffer *out = plain_page_open(call, plain_word(call->language, title));
	const char *text = file && file[0] ? file : of_town;
	if (out && text[0])
		put_paragraphs(out, text);
	else if (out)
		html_put(out, "<p class=\"message\">%s</p>", plain_word(call->language, empty));
	plain_page_send(call, 200, out);
}

void plain_text_privacy(struct call *call)
{
	const struct town *town = http_town(call->http);
	show_text(call, PLAIN_PRIVACY, call->http->privacy, town_text(town, town->privacy_text), PLAIN_PRIVACY_EMPTY);
}

void plain_text_imprint(struct call *call)
{
	const struct town *town = http_town(call->http);
	show_text(call, PLAIN_IMPRINT, call->http->imprint, town_text(town, town->imprint_text), PLAIN_IMPRINT_EMPTY);
}

/* ---- licences: the list that the build of the pages carries with the licence texts ---- */
void plain_text_licences(struct call *call)
{
	size_t n = 0;
	const char *bytes = files_text(call->http, "/third-party.txt", &n),
		   *title = plain_word(call->language, PLAIN_LICENCES_PROGRAMS);
	char *text = bytes ? strndup(bytes, n) : NULL;
	struct evbuffer *out = plain_page_open(call, plain_word(call->language, PLAIN_LICENCES));
	if (out) {
		html_put(out, "<p>Zubringer: Apache-2.0.</p>");
		put_feeds(out, call->http, call->language);
		html_put(out, "<h2>%s</h2>", title);
		html_put(out,
			 text ? "<pre class=\"lines\" tabindex=\"0\" role=\"region\" aria-label=\"%s\" "
				"lang=\"en\">%s</pre>"
			      : "<p>dispatcher/web/third-party.txt</p>",
			 title, text);
	}
	free(text);
	plain_page_send(call, 200, out);
}
