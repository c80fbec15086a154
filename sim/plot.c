/* Plots as SVG: stacked bars and lines, drawn here so that the page needs no library. */
#include <math.h>
#include <string.h>

#include "page_html.h"

#define WIDTH 720
#define HEIGHT 270
#define LEFT 52
#define RIGHT 10
#define TOP 14
#define BOTTOM 44

/* A round step so that at most `most` of them reach `top`. */
static double plot_step(double top, int most)
{
	double step = pow(10, floor(log10(top > 0 ? top : 1) - 2));
	static const double grow[] = {2, 2.5, 2};
	for (int i = 0; top / step > most; i++)
		step *= grow[i % 3];
	return step;
}

static double top_of(const struct plot *plot)
{
	double top = 0;
	for (uint32_t i = 0; i < plot->n; i++) {
		double sum = 0;
		for (uint32_t s = 0; s < plot->n_series; s++) {
			const struct plot_series *series = &plot->series[s];
			double value = series->high && !isnan(series->high[i]) ? series->high[i] : series->values[i];
			if (isnan(value))
				continue;
			sum = plot->kind == PLOT_STACKED ? sum + value : fmax(sum, value);
		}
		top = fmax(top, sum);
	}
	return top > 0 ? top : 1;
}

/* ---- the drawing ---- */

struct frame {
	double top; /* of the axis */
	double slot;
};

static double x_of(const struct frame *frame, uint32_t i)
{
	return LEFT + frame->slot * (i + 0.5);
}

static double y_of(const struct frame *frame, double value)
{
	return TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / frame->top);
}

static void draw_axes(FILE *out, const struct plot *plot, struct frame *frame)
{
	double top = top_of(plot), step = plot_step(top, 5);
	frame->top = ceil(top / step - 1e-9) * step;
	frame->slot = (double)(WIDTH - LEFT - RIGHT) / (plot->n ? plot->n : 1);
	int decimals = step < 1 ? (step < 0.1 ? 2 : 1) : 0;
	for (int i = 0; i * step <= frame->top + step / 2; i++) {
		double y = y_of(frame, i * step);
		fprintf(out, "<path class=\"grid\" d=\"M%d %.1fH%d\"/>", LEFT, y, WIDTH - RIGHT);
		static const char *const classes[] = {"en", "de"};
		for (int l = 0; l < 2; l++) {
			char text[32];
			snprintf(text, sizeof text, "%.*f", decimals, i * step);
			char *dot = strchr(text, '.');
			if (dot && l)
				*dot = ',';
			if (!dot && l)
				break;
			fprintf(out, "<text%s%s%s x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>",
				dot ? " class=\"" : "", dot ? classes[l] : "", dot ? "\"" : "", LEFT - 6, y + 4, text);
		}
	}
	fputc('\n', out);
}

static void draw_labels(FILE *out, const struct plot *plot, const struct frame *frame)
{
	for (uint32_t i = 0; i < plot->n; i++) {
		int same = !strcmp(plot->labels[i].en, plot->labels[i].de);
		for (int l = 0; l < (same ? 1 : 2); l++) {
			fprintf(out, "<text%s x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">",
				same ? ""
				: l  ? " class=\"de\""
				     : " class=\"en\"",
				x_of(frame, i), HEIGHT - BOTTOM + 17);
			html_text(out, l ? plot->labels[i].de : plot->labels[i].en);
			fputs("</text>", out);
		}
	}
	fprintf(out, "<text class=\"axis en\" x=\"%d\" y=\"%d\" text-anchor=\"middle\">", (WIDTH + LEFT) / 2,
		HEIGHT - 6);
	html_text(out, plot->category.en);
	fprintf(out, "</text><text class=\"axis de\" x=\"%d\" y=\"%d\" text-anchor=\"middle\">", (WIDTH + LEFT) / 2,
		HEIGHT - 6);
	html_text(out, plot->category.de);
	fputs("</text>\n", out);
}

static void draw_bars(FILE *out, const struct plot *plot, const struct frame *frame)
{
	for (uint32_t i = 0; i < plot->n; i++) {
		double sum = 0;
		for (uint32_t s = 0; s < plot->n_series; s++) {
			double value = plot->series[s].values[i];
			if (isnan(value) || value <= 0)
				continue;
			fprintf(out, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"/>",
				x_of(frame, i) - frame->slot * 0.38, y_of(frame, sum + value), frame->slot * 0.76,
				y_of(frame, sum) - y_of(frame, sum + value), plot->series[s].color);
			sum += value;
		}
	}
	fputc('\n', out);
}

static void draw_interval(FILE *out, const struct plot_series *series, const struct frame *frame, uint32_t i)
{
	if (!series->low || isnan(series->low[i]))
		return;
	double low = series->low[i] > 0 ? series->low[i] : 0;
	fprintf(out, "<path d=\"M%.1f %.1fV%.1f\" stroke=\"%s\" stroke-width=\"6\" opacity=\".3\"/>", x_of(frame, i),
		y_of(frame, low), y_of(frame, series->high[i]), series->color);
}

static void draw_line(FILE *out, const struct plot *plot, uint32_t s, const struct frame *frame)
{
	const struct plot_series *series = &plot->series[s];
	int pen = 0;
	for (uint32_t i = 0; i < plot->n; i++)
		draw_interval(out, series, frame, i);
	fprintf(out, "<path fill=\"none\" stroke=\"%s\" stroke-width=\"2.5\"%s d=\"", series->color,
		s % 2 ? " stroke-dasharray=\"7 4\"" : "");
	for (uint32_t i = 0; i < plot->n; i++) {
		if (!isnan(series->values[i]))
			fprintf(out, "%s%.1f %.1f", pen ? "L" : "M", x_of(frame, i), y_of(frame, series->values[i]));
		pen = !isnan(series->values[i]);
	}
	fputs("\"/>", out);
	for (uint32_t i = 0; i < plot->n; i++)
		if (!isnan(series->values[i]))
			fprintf(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3.2\" fill=\"%s\"/>", x_of(frame, i),
				y_of(frame, series->values[i]), series->color);
	fputc('\n', out);
}

static void draw(FILE *out, const struct plot *plot)
{
	struct frame frame;
	fprintf(out,
		"<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-labelledby=\"%s\"><svg viewBox=\"0 0 %d %d\" "
		"role=\"img\" aria-labelledby=\"%s\">\n",
		plot->id, WIDTH, HEIGHT, plot->id);
	draw_axes(out, plot, &frame);
	if (plot->kind == PLOT_STACKED)
		draw_bars(out, plot, &frame);
	for (uint32_t s = 0; s < plot->n_series && plot->kind == PLOT_LINES; s++)
		draw_line(out, plot, s, &frame);
	draw_labels(out, plot, &frame);
	fputs("</svg></div>\n", out);
}

/* ---- words around it ---- */

static void write_legend(FILE *out, const struct plot *plot)
{
	fputs("<ul class=\"legend\">", out);
	for (uint32_t s = 0; s < plot->n_series; s++) {
		fprintf(out, "<li><svg class=\"swatch\" viewBox=\"0 0 22 12\" aria-hidden=\"true\">");
		if (plot->kind == PLOT_STACKED)
			fprintf(out, "<rect width=\"22\" height=\"12\" fill=\"%s\"/>", plot->series[s].color);
		else
			fprintf(out, "<path d=\"M0 6H22\" stroke=\"%s\" stroke-width=\"3\"%s/>", plot->series[s].color,
				s % 2 ? " stroke-dasharray=\"7 4\"" : "");
		fputs("</svg>", out);
		html_words(out, plot->series[s].name);
		fputs("</li>", out);
	}
	fputs("</ul>\n", out);
}

static void write_table(FILE *out, const struct plot *plot)
{
	fputs("<details><summary>", out);
	html_words(out, (struct words){"The same as a table", "Dasselbe als Tabelle"});
	fprintf(out,
		"</summary><div class=\"scroll\" tabindex=\"0\" role=\"group\" "
		"aria-labelledby=\"%s\"><table><thead><tr><th "
		"scope=\"col\">",
		plot->id);
	html_words(out, plot->category);
	fputs("</th>", out);
	for (uint32_t s = 0; s < plot->n_series; s++)
		html_element(out, "th scope=\"col\"", plot->series[s].name);
	fputs("</tr></thead><tbody>\n", out);
	for (uint32_t i = 0; i < plot->n; i++) {
		fputs("<tr><th scope=\"row\">", out);
		html_words(out, plot->labels[i]);
		fputs("</th>", out);
		for (uint32_t s = 0; s < plot->n_series; s++) {
			fputs("<td>", out);
			html_number(out, plot->series[s].values[i], plot->decimals);
			fputs("</td>", out);
		}
		fputs("</tr>\n", out);
	}
	fputs("</tbody></table></div></details>\n", out);
}

void plot_write(FILE *out, const struct plot *plot)
{
	fputs("<figure><figcaption>", out);
	fprintf(out, "<h3 id=\"%s\">", plot->id);
	html_words(out, plot->title);
	fputs("</h3>", out);
	if (plot->note.en[0])
		html_element(out, "p", plot->note);
	fputs("</figcaption>\n", out);
	write_legend(out, plot);
	fputs("<p class=\"unit\">", out);
	html_words(out, plot->axis);
	fputs("</p>\n", out);
	draw(out, plot);
	write_table(out, plot);
	fputs("</figure>\n", out);
}
