//! Which images run, and in which roles.

use crate::replica_set::ReplicaSetInfo;
use crate::tag::Tag;
use std::collections::BTreeMap;

/// An image in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Reference.
    pub image: String,
    /// Roles of the ReplicaSets that run it.
    pub tags: Vec<Tag>,
}

/// The order in which roles are listed beside an image.
fn rank(tag: &Tag) -> u8 {
    match tag {
        Tag::Canary => 0,
        Tag::Stable => 1,
        Tag::Active => 2,
        Tag::Preview => 3,
        Tag::Ping => 4,
        Tag::Pong => 5,
        Tag::Experiment(_) => 6,
    }
}

/// Images of all ReplicaSets that have pods, sorted by reference. Roles of an image that several containers run are
/// sorted by name.
pub fn of<'a>(replica_sets: impl IntoIterator<Item = &'a ReplicaSetInfo>) -> Vec<Image> {
    let mut images: BTreeMap<&str, Vec<Tag>> = BTreeMap::new();
    for rs in replica_sets.into_iter().filter(|rs| rs.replicas > 0) {
        let tags = tags(rs);
        for image in &rs.images {
            match images.get_mut(image.as_str()) {
                None => drop(images.insert(image, tags.clone())),
                Some(merged) => {
                    merged.extend(tags.iter().cloned());
                    merged.sort_by_key(ToString::to_string);
                    merged.dedup();
                }
            }
        }
    }
    images.into_iter().map(|(image, tags)| Image { image: image.into(), tags }).collect()
}

fn tags(rs: &ReplicaSetInfo) -> Vec<Tag> {
    let mut tags = rs.roles.clone();
    tags.sort_by_key(rank);
    if !rs.template.is_empty() {
        tags.push(Tag::Experiment(rs.template.clone()));
    }
    tags
}
