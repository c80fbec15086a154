/* The files of a study besides the page (page.h): figures.json, figures.csv, by_hour.csv, by_need.csv, rides.csv,
 * vehicles.csv, stops.geojson, flows.geojson, scenario.yaml. */
#ifndef ZUB_RESULTS_H
#define ZUB_RESULTS_H

#include "err.h"
#include "study.h"
#include <jansson.h>
#include <stdio.h>

/* Writes all of them into the folder, which is there. ERR_IO with the path. */
int results_all(const struct study *study, const char *folder, struct err_detail *detail);

/* A stop, or a road, summed over all runs. */
struct results_stop {
	uint64_t pickups, dropoffs; /* rides */
	double wait_s;		    /* sum, of those that boarded here */
};
/* stops[town->n_stops], all zero before. */
void results_stops(const struct study *study, struct results_stop *stops);
/* Passes of an arc by vehicles and by persons, mean of a run, both directions apart. */
void results_flow(const struct study *study, uint32_t arc, double *ret_vehicles, double *ret_persons);

/* One file of a folder: opened, written by `write`, closed; ERR_IO with path and reason. */
int results_file(const char *folder, const char *name, int (*write)(const struct study *study, FILE *out),
		 const struct study *study, struct err_detail *detail);

#endif
