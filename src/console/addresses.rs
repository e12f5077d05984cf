//! Addresses to choose from, where an operator puts one right.

use super::Shared;
use super::blocking::blocking;
use super::extract::{Asked, Asker, Body, Place};
use super::problem::Problem;
use super::ticket_view::PartView;
use crate::access::{Permission, Principal};
use crate::config::today;
use crate::language::gazetteer::UnitId;
use crate::language::{
    Grammar, addresses, in_unit, read_parts, unit_parts, units_like, with_units,
};
use crate::speech::Transcript;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Characters of an address that are read.
const SAID_MAX: usize = 400;
/// Units by name that are offered beside what the whole was read as.
const UNITS_MAX: usize = 6;

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(readings)).routes(routes!(units))
}

/// An address in words.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SaidAddress {
    /// As somebody says or writes it.
    #[schema(max_length = 400, example = "12 Lê Lợi, Bến Nghé, Quận 1")]
    said: String,
    /// The `id` of the unit it lies in, where that was picked.
    unit: Option<u32>,
}

/// One address that may be meant.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
struct AddressView {
    /// As it is written.
    value: String,
    /// House, street and units, with the units' kinds and official codes.
    parts: Vec<PartView>,
    /// The lowest unit's `id`, as the list of units has it; null where that is not known.
    unit: Option<u32>,
}

/// Read an address.
///
/// As callers say it or people write it: what it may be, the likeliest first, with the units it
/// lies in; then units that bear a name like it. With `unit` there is one answer: what was said, in
/// that unit. Nothing is kept.
#[utoipa::path(
    post, path = "/api/v1/hotlines/{name}/address-readings", tag = "hotlines",
    operation_id = "read_address",
    extensions(("x-permission" = json!("tickets:work"))),
    params(("name" = String, Path, description = "The hotline, whose country and day count")),
    request_body = SaidAddress,
    responses((status = 200, description = "What it may be", body = Vec<AddressView>)),
)]
async fn readings(
    State(shared): State<Shared>,
    Asker(by): Asker,
    Place(name): Place<String>,
    Body(SaidAddress { said, unit }): Body<SaidAddress>,
) -> Result<Json<Vec<AddressView>>, Problem> {
    if said.chars().count() > SAID_MAX {
        return Err(Problem::invalid(format!("said: is longer than {SAID_MAX} characters")));
    }
    let read = move |grammar: &Grammar| {
        let whole = addresses(&Transcript::plain(&said, 1.0), grammar);
        if let Some(unit) = unit {
            let unit = unit_at(unit, grammar)?;
            let said = whole.into_iter().next().map(|read| read.parts).unwrap_or_default();
            return Ok(vec![AddressView::new(in_unit(said, unit, grammar), grammar)]);
        }
        let whole = whole
            .into_iter()
            .map(|read| AddressView::new(with_units(read.parts, grammar), grammar));
        let units = units_like(&said, grammar, UNITS_MAX).into_iter();
        let units = units.map(|unit| AddressView::new(unit_parts(unit, grammar), grammar));
        let mut found: Vec<AddressView> = Vec::new();
        for view in whole.chain(units) {
            if !found.contains(&view) {
                found.push(view);
            }
        }
        Ok(found)
    };
    shared.with_grammar(&by, name, read).await.map(Json)
}

/// Which units are listed.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Within {
    /// The `id` of the unit they lie in; without it those that lie in none.
    within: Option<u32>,
}

/// One unit of the country's division.
#[derive(Debug, Serialize, ToSchema)]
struct UnitView {
    /// Names it in `within`, until another gazetteer is installed.
    id: u32,
    /// Its official name with the unit word.
    name: String,
    /// How many units lie directly in it.
    units: u64,
    /// It and those it lies in, as an address has them.
    parts: Vec<PartView>,
}

/// Where one stands in the tree of units.
#[derive(Debug, Serialize, ToSchema)]
struct UnitsView {
    /// The unit that was asked for and those it lies in, from the highest down.
    path: Vec<UnitView>,
    /// The units in it, the higher ones first, by name.
    units: Vec<UnitView>,
}

/// List the units of a hotline's country.
///
/// Provinces, districts, wards, as they are on the hotline's day; empty where no gazetteer is
/// installed.
#[utoipa::path(
    get, path = "/api/v1/hotlines/{name}/units", tag = "hotlines",
    operation_id = "list_units",
    extensions(("x-permission" = json!("tickets:work"))),
    params(("name" = String, Path, description = "The hotline"), Within),
    responses((status = 200, description = "The units", body = UnitsView)),
)]
async fn units(
    State(shared): State<Shared>,
    Asker(by): Asker,
    Place(name): Place<String>,
    Asked(Within { within }): Asked<Within>,
) -> Result<Json<UnitsView>, Problem> {
    shared.with_grammar(&by, name, move |grammar| UnitsView::new(within, grammar)).await.map(Json)
}

impl Shared {
    /// What `read` makes of the grammar of a hotline that `by` sees.
    async fn with_grammar<T: Send + 'static>(
        &self,
        by: &Principal,
        name: String,
        read: impl FnOnce(&Grammar) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let unknown = || Problem::not_found("there is no hotline of this name".to_string());
        if by.demand_on(Permission::WorkTickets, &name).is_err() {
            return Err(unknown());
        }
        let in_force = self.in_force.clone();
        let reading = move || {
            let loaded = in_force.loaded(&name, &today()).map_err(|error| {
                tracing::error!(%error, "a hotline cannot be read");
                let detail = "the hotline's files cannot be read; the server's log says why";
                Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail)
            })?;
            read(&loaded.ok_or_else(unknown)?.hotline.grammar)
        };
        blocking(reading).await
    }
}

impl AddressView {
    fn new(parts: Vec<(String, String)>, grammar: &Grammar) -> AddressView {
        let value = read_parts(&parts, &grammar.words.address.format);
        // The lowest unit stands first.
        let code = parts.iter().find(|(name, _)| name.ends_with("_code")).map(|(_, code)| code);
        let unit = code.zip(grammar.places()).and_then(|(c, p)| p.with_code(c, grammar.date));
        AddressView { value, parts: views(parts), unit: unit.map(UnitId::index) }
    }
}

impl UnitsView {
    fn new(within: Option<u32>, grammar: &Grammar) -> Result<UnitsView, Problem> {
        let within = within.map(|id| unit_at(id, grammar)).transpose()?;
        let Some(places) = grammar.places() else {
            return Ok(UnitsView { path: vec![], units: vec![] });
        };
        let above = |unit: &UnitId| places.parent_on(*unit, grammar.date);
        let mut path: Vec<UnitId> = std::iter::successors(within, above).collect();
        path.reverse();
        let mut units: Vec<UnitId> = match within {
            Some(unit) => places.children(unit, grammar.date).collect(),
            None => {
                let all = places.units_on(grammar.date);
                all.filter(|unit| places.parent_on(*unit, grammar.date).is_none()).collect()
            }
        };
        let rank = |id: &UnitId| (places.unit(*id).level, places.unit(*id).name, *id);
        units.sort_by(|a, b| rank(a).cmp(&rank(b)));
        let view = |unit: UnitId| {
            let (id, of) = (unit.index(), places.unit(unit));
            let name = format!("{} {}", of.kind, of.name).trim().to_string();
            let count = places.children(unit, grammar.date).count() as u64;
            UnitView { id, name, units: count, parts: views(unit_parts(unit, grammar)) }
        };
        Ok(UnitsView {
            path: path.into_iter().map(view).collect(),
            units: units.into_iter().map(view).collect(),
        })
    }
}

fn unit_at(id: u32, grammar: &Grammar) -> Result<UnitId, Problem> {
    let unit = grammar.places().and_then(|places| places.unit_at(id));
    unit.ok_or_else(|| Problem::not_found("there is no unit of this id".to_string()))
}

fn views(parts: Vec<(String, String)>) -> Vec<PartView> {
    parts.into_iter().map(|(name, value)| PartView { name, value }).collect()
}
