//! Mappings of managed routes, beside each stable one.

use super::Pair;
use super::mapping::{self, Base};
use super::matches::{self, Common};
use super::problems::Problem;
use crate::managed::Wanted;
use crate::{Block, Managed, Matches, ObjectRef, Route};

/// What a Mapping does with the requests that match.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// All of them go to the canary.
    Canary,
    /// So many percent of them go there as copies.
    Shadow(i32),
    /// They go where they went before: a shadow is for those of the same prefix, headers and so on alone, so that they
    /// need Mappings of their own. First to the stable version,
    Stable,
    /// and a share of them to the canary.
    Share,
}

/// The Mappings of a route: what their names end in, what they do, for which requests.
fn parts(route: &Managed) -> Vec<(String, Part, Block)> {
    let named = |(at, block): (usize, Block)| {
        let name = if at == 0 { route.name.clone() } else { format!("{}-or-{}", route.name, at + 1) };
        match route.mirror {
            None => vec![(name, Part::Canary, block)],
            Some(..=0) => Vec::new(),
            Some(percent) => vec![
                (format!("{name}-stable"), Part::Stable, block.clone()),
                (format!("{name}-share"), Part::Share, block.clone()),
                (name, Part::Shadow(percent.min(100)), block),
            ],
        }
    };
    blocks(route).into_iter().enumerate().flat_map(named).collect()
}

/// What the names of its Mappings end in.
pub fn names(route: &Managed) -> Vec<String> {
    parts(route).into_iter().map(|(name, ..)| name).collect()
}

/// What a route matches; of upstream's headers any.
pub fn blocks(route: &Managed) -> Vec<Block> {
    match &route.matches {
        Matches::AnyOf(blocks) => blocks.clone(),
        Matches::Headers(headers) => {
            headers.iter().map(|header| Block { headers: vec![header.clone()], ..Block::default() }).collect()
        }
    }
}

/// All that are wanted beside one Mapping, each or why there is none.
pub fn wanted(route: &Route, pair: &Pair, base: &Base) -> Vec<Result<Wanted, Problem>> {
    let parts = route.managed.iter().flat_map(parts);
    let one = |(name, part, block): (String, Part, Block)| {
        let problem = |error| Problem::config(format!("Ambassador mapping {:?}: {error}", pair.base.name));
        match spec(route, base, part, &block) {
            Ok(spec) => spec.map(|spec| {
                let at = ObjectRef { name: mapping::beside(&pair.base.name, &name), ..pair.base.clone() };
                Ok(Wanted { at, like: base.object.clone(), spec: spec.into() })
            }),
            Err(error) => Some(Err(problem(error))),
        }
    };
    parts.filter_map(one).collect()
}

fn spec(route: &Route, base: &Base, part: Part, block: &Block) -> Result<Option<matches::Spec>, String> {
    let service = if part == Part::Stable { &route.stable.service } else { &route.canary.service };
    let all = base.spec(service);
    let mut spec = match (matches::narrowed(&all, block)?, part) {
        (Common::Nothing, _) => return Ok(None),
        (Common::Part(spec), _) => spec,
        (Common::Everything, Part::Canary) => {
            return Err("a route that matches everything is no route: set the weight".into());
        }
        // The Mappings that there are have the requests already.
        (Common::Everything, Part::Stable | Part::Share) => return Ok(None),
        (Common::Everything, Part::Shadow(_)) => all,
    };
    match part {
        Part::Canary | Part::Stable => {}
        Part::Share if route.percent() == 0 => return Ok(None),
        Part::Share => drop(spec.insert("weight".into(), route.percent().into())),
        Part::Shadow(percent) => {
            spec.insert("shadow".into(), true.into());
            spec.insert("weight".into(), percent.into());
        }
    }
    Ok(Some(spec))
}
