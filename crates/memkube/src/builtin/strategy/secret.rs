//! Secrets that carry a service account's token.

use crate::builtin::Ctx;
use base64::Engine;
use rollouts_api::pod_template::json::{child, fill, set, text};
use serde_json::Value;

const TOKEN_TYPE: &str = "kubernetes.io/service-account-token";
const ACCOUNT_NAME: &str = "kubernetes.io/service-account.name";
const ACCOUNT_UID: &str = "kubernetes.io/service-account.uid";

/// Puts token, CA certificate and namespace into a token Secret of an existing service account.
pub(super) fn create(secret: &mut Value, ctx: &Ctx<'_>) {
    if text(secret, "type") != TOKEN_TYPE {
        return;
    }
    let metadata = &secret["metadata"];
    let namespace = text(metadata, "namespace").to_string();
    let account = text(&metadata["annotations"], ACCOUNT_NAME).to_string();
    let Some(found) = ctx.world.get("", "serviceaccounts", &namespace, &account) else { return };
    let uid = text(&found["metadata"], "uid").to_string();
    let token = ctx.world.mint_token(&namespace, &account, &uid);
    set(child(child(secret, "metadata"), "annotations"), ACCOUNT_UID, uid);
    let encode = |s: &str| base64::engine::general_purpose::STANDARD.encode(s);
    let data = child(secret, "data");
    fill(data, "token", encode(&token));
    fill(data, "ca.crt", encode(ctx.world.ca_pem()));
    fill(data, "namespace", encode(&namespace));
}

/// Puts back what was taken out of a token Secret.
pub(super) fn update(secret: &mut Value, ctx: &Ctx<'_>) {
    create(secret, ctx);
}
