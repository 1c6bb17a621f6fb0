//! Which properties are secrets, by their names alone: nobody lists what the drivers of all databases know.

/// Parts of names that say that a value is a secret, as [`bare`] writes them.
const SECRET_PARTS: [&str; 24] = [
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "pwd",
    "secret",
    "token",
    "credential",
    "accesskey",
    "accountkey",
    "apikey",
    "authkey",
    "encryptionkey",
    "hmackey",
    "licensekey",
    "masterkey",
    "privatekey",
    "privkey",
    "sessionkey",
    "sharedkey",
    "signingkey",
    "storagekey",
    "vaultproviderclientkey",
    "jaasconfig",
];

/// The same whatever they end with: the half of a pair that a vault hands out, and who is logged in.
const SURELY_SECRET: [&str; 2] = ["secretid", "httpcookie"];

/// The same where a name ends with them; in the middle they may stand in a longer word, or in front of a mere switch.
const SECRET_ENDS: [&str; 5] = ["pass", "authorization", "bearer", "jwt", "accesssignature"];

/// The same where they are the last word of a name: in one written without breaks they may be the end of any other.
const SECRET_WORDS: [&str; 2] = ["pw", "otp"];

/// The same where they are the whole name: what files of SQLite are encrypted with.
const SECRET_NAMES: [&str; 3] = ["key", "hexkey", "textkey"];

/// What holds such a part and means nothing of the kind.
const OTHER_WORDS: [&str; 5] = ["bypass", "compass", "tokeniz", "passwordless", "tokenless"];

/// Names that hold such a part and are no secrets all the same: places, names, kinds and limits of things.
const HARMLESS_ENDS: [&str; 36] = [
    "file",
    "path",
    "dir",
    "directory",
    "location",
    "url",
    "uri",
    "endpoint",
    "host",
    "port",
    "type",
    "id",
    "name",
    "alias",
    "provider",
    "providers",
    "plugin",
    "plugins",
    "class",
    "callback",
    "encoding",
    "format",
    "algorithm",
    "version",
    "mode",
    "policy",
    "scope",
    "timeout",
    "interval",
    "lifetime",
    "expiration",
    "ttl",
    "length",
    "size",
    "authentication",
    "enabled",
];

/// First words of names that are switches: they say whether something is used, not what it is.
const SWITCHES: [&str; 9] = [
    "use", "allow", "enable", "disable", "require", "ignore", "permit", "is", "has",
];

/// Whether a property of that name holds a secret, which is kept encrypted.
pub fn is_secret(property: &str) -> bool {
    let words = words(property);
    let mut bare: String = words.concat();
    for other in OTHER_WORDS {
        bare = bare.replace(other, "");
    }
    // `password1` and the like.
    let bare = bare.trim_end_matches(|character: char| character.is_ascii_digit());
    if SURELY_SECRET.iter().any(|part| bare.contains(part)) {
        return true;
    }
    let is_switch = words.len() > 1 && SWITCHES.contains(&words[0].as_str());
    if is_switch || HARMLESS_ENDS.iter().any(|end| bare.ends_with(end)) {
        return false;
    }
    let last = words.last().map_or("", String::as_str);
    SECRET_PARTS.iter().any(|part| bare.contains(part))
        || SECRET_ENDS.iter().any(|end| bare.ends_with(end))
        || SECRET_WORDS.contains(&last)
        || SECRET_NAMES.contains(&bare)
}

/// The words of a name in lower case: `trustStorePassword`, `trust-store-password` and `TRUST_STORE_PASSWORD` have the same.
fn words(property: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut lower_before = false;
    for character in property.chars() {
        let begins = character.is_uppercase() && lower_before;
        lower_before = character.is_lowercase();
        if begins || !character.is_alphanumeric() {
            words.push(String::new());
        }
        if character.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(character.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_known_by_their_names_in_any_spelling() {
        for name in [
            "password",
            "PASSWORD",
            "Password1",
            "newPassword",
            "pass",
            "PASS",
            "dbPass",
            "db_pass",
            "dbpass",
            "userpass2",
            "pw",
            "dbPw",
            "sasl.jaas.config",
            "hiveconf:sasl.jaas.config",
            "trustStorePassword",
            "truststorepassword",
            "javax.net.ssl.keyStorePassword",
            "trustCertificateKeyStorePassword",
            "ssl.trustStorePwd",
            "PRIV_KEY_FILE_PWD",
            "sasl_passwd",
            "sslpassword",
            "sslkeypassphrase",
            "key-passphrase",
            "passcode",
            "accessToken",
            "access_token",
            "oracle.jdbc.accessToken",
            "session_token",
            "apiKey",
            "api_key",
            "X-Api-Key",
            "APIKEY",
            "privateKey",
            "private_key",
            "privKeyBase64",
            "secret_access_key",
            "AWS-Secret-Access-Key",
            "access_key",
            "fs.azure.account.key.store.blob.core.windows.net",
            "clientSecret",
            "oauth_client_secret",
            "keyStoreSecret",
            "secret_id",
            "masterKey",
            "encryptionKey",
            "keyVaultProviderClientKey",
            "SharedAccessSignature",
            "credentials",
            "http.header.Authorization",
            "http.cookie.JSESSIONID",
            "jwt",
            "otp",
            "key",
            "hexkey",
        ] {
            assert!(is_secret(name), "{name}");
        }
    }

    #[test]
    fn what_only_looks_like_one_is_left_in_the_open() {
        for name in [
            "",
            "passive",
            "ftpPassive",
            "passiveMode",
            "passthrough",
            "pass-through",
            "bypass",
            "proxyBypass",
            "compass",
            "passfile",
            "passwordFile",
            "password_file",
            "passwordCharacterEncoding",
            "oracle.jdbc.passwordAuthentication",
            "passwordlessLogin",
            "keyspace",
            "key_file",
            "keyStore",
            "keyStoreType",
            "trustStoreType",
            "host-key",
            "known-hosts",
            "sslkey",
            "sslKey",
            "tlsKey",
            "sslcert",
            "primaryKey",
            "publicKey",
            "allowPublicKeyRetrieval",
            "private_key_path",
            "privateKeyFile",
            "access_key_id",
            "accessTokenCallbackClass",
            "tokenType",
            "token_url",
            "tokenTimeout",
            "msiTokenCacheTtl",
            "tokenizer",
            "oracle.jdbc.tokenAuthentication",
            "secretName",
            "credentialType",
            "aws.credentials.provider",
            "useAccessToken",
            "requirePassword",
            "hiveconf:hive.security.authorization.enabled",
            "hiveconf:hive.security.authorization.manager",
            "authenticationPlugins",
            "cookieAuth",
            "cookieName",
            "useSSL",
            "characterEncoding",
            "user",
            "desktop",
            "hotspot",
        ] {
            assert!(!is_secret(name), "{name}");
        }
    }
}
