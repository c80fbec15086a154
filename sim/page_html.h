/* Small parts of the report page: text in two languages, numbers, plots. Both languages stand in the page; the style
 * sheet shows the one that the page is set to. */
#ifndef ZUB_PAGE_HTML_H
#define ZUB_PAGE_HTML_H

#include <stdint.h>
#include <stdio.h>

struct words {
	const char *en, *de;
};

/* Escaped. */
void html_text(FILE *out, const char *text);
/* Both, escaped; once when they are equal. */
void html_words(FILE *out, struct words words);
/* With thousands and decimals as each language writes them; a dash when NAN. */
void html_number(FILE *out, double value, int decimals);
/* <tag>words</tag> */
void html_element(FILE *out, const char *tag, struct words words);

struct plot_series {
	struct words name;
	const char *color;
	const double *values;	  /* [n]; NAN = none */
	const double *low, *high; /* [n] or NULL: interval drawn around */
};
enum plot_kind { PLOT_STACKED, PLOT_LINES };
struct plot {
	const char *id; /* of the figure, unique in the page */
	struct words title, note, axis, category;
	uint8_t kind;
	int decimals; /* in the table */
	uint32_t n, n_series;
	const struct words *labels; /* [n] */
	const struct plot_series *series;
};
/* A figure: drawing, legend, and the same numbers as a table. */
void plot_write(FILE *out, const struct plot *plot);

#endif
