/* `dispatcher check-settings`. */
#include "tools.h"

#include <stdio.h>

#include "town.h"

int check_settings_command(const struct options *options)
{
	struct err_detail detail = {""};
	struct fleet fleet;
	struct town town;
	if (fleet_read(&fleet, options->settings.fleet, &detail))
		return tools_fail(&detail, 1);
	if (town_open(&town, options->settings.town, &detail)) {
		fleet_free(&fleet);
		return tools_fail(&detail, 1);
	}
	printf("settings are right: %s, %u vehicles\n", town_text(&town, town.name), fleet.n);
	town_close(&town);
	fleet_free(&fleet);
	return 0;
}
