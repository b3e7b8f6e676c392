//! An explanation for programs: the shape that docs/explain.md promises.

use super::{Explanation, Finding, Moment, Version};
use jiff::Timestamp;
use rollouts_api::Time;
use serde_json::{Value, json};

impl Explanation {
    /// The explanation as JSON.
    pub fn json(&self) -> Value {
        json!({
            "name": self.name,
            "namespace": self.namespace,
            "at": stamp(self.now),
            "phase": self.phase.name,
            "message": self.phase.message,
            "headline": self.headline,
            "versions": self.versions.iter().map(version).collect::<Vec<_>>(),
            "waitsFor": self.waits_for,
            "why": self.why.iter().map(finding).collect::<Vec<_>>(),
            "aboutTo": self.about_to.iter().map(|i| json!({"what": i.what, "because": i.why})).collect::<Vec<_>>(),
            "attended": self.is_attended,
            "next": self.next.iter().map(|moment| self.moment(moment)).collect::<Vec<_>>(),
            "commands": self.commands.iter().map(|c| json!({"command": c.command, "effect": c.effect})).collect::<Vec<_>>(),
            "plan": self.plan,
            "unseen": self.unseen.iter().map(|u| json!({"what": u.what, "why": u.why})).collect::<Vec<_>>(),
        })
    }

    fn moment(&self, moment: &Moment) -> Value {
        let seconds = moment.at.map(|at| at.duration_since(self.now).as_secs());
        json!({"at": moment.at.map(stamp), "inSeconds": seconds, "what": moment.what})
    }
}

fn stamp(at: Timestamp) -> String {
    Time::new(at).to_string()
}

fn version(v: &Version) -> Value {
    json!({
        "roles": v.roles, "revision": v.revision, "replicaSet": v.replica_set, "images": v.images,
        "desired": v.desired, "pods": v.pods, "available": v.available, "weight": v.weight, "active": v.active,
    })
}

fn finding(f: &Finding) -> Value {
    json!({"about": f.about, "reason": f.reason, "text": f.text, "details": f.details})
}
