//! Invalid tokens, each for another reason: the shared corpus for all token verifiers.

use serde_json::{Value, json};

/// Signs any header and claims as the sandbox's issuer does.
pub type Sign<'a> = &'a dyn Fn(&Value, &Value) -> String;

/// A valid token and how it is made.
pub struct ValidToken<'a> {
    pub header: Value,
    pub claims: Value,
    pub sign: Sign<'a>,
}

/// All invalid tokens with their errors.
pub fn forgeries(good: &ValidToken<'_>) -> Vec<(String, String)> {
    let mut all = headers(good);
    all.extend(keys(good));
    all.extend(claims(good));
    all.extend(shapes(good));
    all
}

impl ValidToken<'_> {
    pub fn token(&self) -> String {
        (self.sign)(&self.header, &self.claims)
    }

    /// The valid token with one header member changed; `null` removes it.
    pub fn with_header(&self, name: &str, value: Value) -> String {
        (self.sign)(&changed(&self.header, name, value), &self.claims)
    }

    /// The valid token with one claim changed; `null` removes it.
    pub fn with_claim(&self, name: &str, value: Value) -> String {
        (self.sign)(&self.header, &changed(&self.claims, name, value))
    }
}

fn changed(object: &Value, name: &str, value: Value) -> Value {
    let mut object = object.clone();
    match value {
        Value::Null => drop(object.as_object_mut().unwrap().remove(name)),
        value => object[name] = value,
    }
    object
}

/// Wrong algorithms, and headers with forbidden members.
fn headers(good: &ValidToken<'_>) -> Vec<(String, String)> {
    let unsigned = good.with_header("alg", json!("none"));
    let bare = format!("{}.", unsigned.rsplit_once('.').unwrap().0);
    let mut all = vec![("alg none".to_owned(), unsigned), ("alg none, unsigned".to_owned(), bare)];
    let own = json!({"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "kid": "own-key"});
    for (name, value) in [
        ("alg", json!("None")),
        ("alg", json!("nOnE")),
        ("alg", json!("")),
        ("alg", json!(null)),
        ("alg", json!(["RS256"])),
        ("alg", json!("HS256")),
        ("alg", json!("HS512")),
        ("alg", json!("ES384")),
        ("alg", json!("ES256K")),
        ("alg", json!("PS256")),
        ("alg", json!("PS384")),
        ("alg", json!("RS512")),
        ("alg", json!("EdDSA")),
        ("alg", json!("dir")),
        ("typ", json!("JWE")),
        ("typ", json!("secevent+jwt")),
        ("typ", json!("dpop+jwt")),
        ("crit", json!(["exp"])),
        ("crit", json!(["b64"])),
        ("crit", json!([])),
        ("enc", json!("A128GCM")),
        ("zip", json!("DEF")),
        ("jwk", own.clone()),
        ("jku", json!("https://evil.example/jwks.json")),
        ("x5u", json!("https://evil.example/certificate.pem")),
        ("x5c", json!(["MIIB"])),
    ] {
        all.push((format!("{name} {value}"), good.with_header(name, value)));
    }
    let mut brought = changed(&good.header, "kid", json!("own-key"));
    brought["alg"] = json!("ES256");
    for (name, value) in [("jwk", own), ("jku", json!("https://evil.example/jwks.json"))] {
        brought[name] = value;
        all.push((format!("a key of its own by {name}"), (good.sign)(&brought, &good.claims)));
    }
    all
}

/// Wrong keys, and keys of the wrong kind.
fn keys(good: &ValidToken<'_>) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for (alg, kid) in [
        ("RS256", "es-1"),
        ("ES256", "rs-1"),
        ("HS256", "es-1"),
        ("HS256", "rs-1"),
        ("EdDSA", "es-1"),
        ("ES256", "own-key"),
        ("ES256", "../../../../dev/null"),
        ("ES256", "/dev/null"),
        ("ES256", "file:///dev/null"),
        ("ES256", "https://evil.example/jwks.json"),
        ("ES256", "es-1' OR '1'='1"),
        ("ES256", "es-1\u{0}"),
        ("ES256", "ES-1"),
        ("ES256", ""),
    ] {
        let header = changed(&changed(&good.header, "alg", json!(alg)), "kid", json!(kid));
        all.push((format!("{alg} with the key {kid:?}"), (good.sign)(&header, &good.claims)));
    }
    all
}

/// Claims for another audience or another time.
fn claims(good: &ValidToken<'_>) -> Vec<(String, String)> {
    let now = good.claims["iat"].as_i64().unwrap();
    let (iss, aud) = (good.claims["iss"].as_str().unwrap(), good.claims["aud"].as_str().unwrap());
    let wrong = [
        (
            "iss",
            vec![
                json!(null),
                json!(""),
                json!("https://evil.example"),
                json!([iss]),
                json!(format!("{iss}/")),
            ],
        ),
        (
            "aud",
            vec![
                json!(null),
                json!(""),
                json!("other"),
                json!([]),
                json!(["other"]),
                json!([aud, "other"]),
                json!(["other", aud]),
                json!(1),
                json!({aud: true}),
                json!(format!("{aud} ")),
                json!(aud.to_uppercase()),
            ],
        ),
        (
            "exp",
            vec![
                json!(null),
                json!(now - 31),
                json!(0),
                json!(-1),
                json!("tomorrow"),
                json!(format!("{}", now + 60)),
            ],
        ),
        ("nbf", vec![json!(now + 31), json!("yesterday"), json!([now]), json!(i64::MAX)]),
        ("iat", vec![json!(now + 31), json!(i64::MAX)]),
        ("sub", vec![json!(null), json!(""), json!(1), json!(["a"]), json!("x".repeat(256))]),
    ];
    let each =
        wrong.into_iter().flat_map(|(name, values)| values.into_iter().map(move |value| (name, value)));
    each.map(|(name, value)| (format!("{name} {value}"), good.with_claim(name, value))).collect()
}

/// Truncated, recombined and oversized tokens.
fn shapes(good: &ValidToken<'_>) -> Vec<(String, String)> {
    let token = good.token();
    let [header, body, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!("{token}") };
    let other = good.with_claim("sub", json!("user_stranger"));
    let [_, other_body, other_signature] = other.split('.').collect::<Vec<_>>()[..] else {
        panic!("{other}")
    };
    let cut = &signature[..signature.len() - 4];
    let all = [
        ("nothing", String::new()),
        ("a word", "nonsense".to_owned()),
        ("empty parts", "..".to_owned()),
        ("two parts", format!("{header}.{body}")),
        ("no signature", format!("{header}.{body}.")),
        ("a cut signature", format!("{header}.{body}.{cut}")),
        ("a longer signature", format!("{header}.{body}.{signature}AAAA")),
        ("another's signature", format!("{header}.{body}.{other_signature}")),
        ("another's claims", format!("{header}.{other_body}.{signature}")),
        ("a cut body", format!("{header}.{}.{signature}", &body[..body.len() - 4])),
        ("a cut header", format!("{}.{body}.{signature}", &header[..header.len() - 4])),
        ("no header", format!(".{body}.{signature}")),
        ("a dot before", format!(".{token}")),
        ("a dot behind", format!("{token}.")),
        ("four parts", format!("{token}.{signature}")),
        ("five parts", format!("{header}.{body}.{signature}.{body}.{signature}")),
        ("two tokens", format!("{token},{token}")),
        ("with its scheme", format!("Bearer {token}")),
        ("a space within", format!("{header}. {body}.{signature}")),
        ("oversized", good.with_claim("more", json!("x".repeat(40_000)))),
        ("a huge kid", good.with_header("kid", json!("x".repeat(40_000)))),
    ];
    all.into_iter().map(|(why, token)| (why.to_owned(), token)).collect()
}
