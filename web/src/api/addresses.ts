// Addresses to choose from, and the tree of a country's units.
import { api, ok } from "./client";
import type { AddressView, UnitsView } from "./schema";

/** With `unit` the one address that is what was said, in that unit. */
export function readAddress(hotline: string, said: string, unit?: number): Promise<AddressView[]> {
  const params = { path: { name: hotline } };
  const body = unit === undefined ? { said } : { said, unit };
  return ok(api.POST("/api/v1/hotlines/{name}/address-readings", { params, body }));
}

/** Without `within` the units that lie in none. */
export function listUnits(hotline: string, within: number | undefined): Promise<UnitsView> {
  const query = within === undefined ? {} : { within };
  return ok(
    api.GET("/api/v1/hotlines/{name}/units", { params: { path: { name: hotline }, query } }),
  );
}
