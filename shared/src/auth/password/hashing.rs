//! Argon2id in a buffer that is reused between hashes.
//!
//! `Argon2` by itself allocates 19 MiB for every hash and frees them. glibc's allocator (measured with 2.36;
//! Lambda has 2.34) splits a piece off a block for alignment and keeps it in a thread's cache, so the freed block
//! is too small for the next request of the same size: a process grew by 19 MiB with nearly every password, even
//! without concurrency.

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};

/// The first choice of OWASP's Password Storage Cheat Sheet for Argon2id: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// The most memory that a hash made by another tool may need: 128 MiB, twice the default of other tools and a
/// quarter of a function's memory.
const MAX_MEMORY_KIB: u32 = 131_072;

const UNREADABLE: &str = "a password hash cannot be read";
const UNCOMPUTED: &str = "a password hash was not computed";

/// The buffer in which hashes are computed, one at a time. It is allocated with the first hash and stays as large
/// as the largest one needed. It is zeroed after each hash, so that nothing of a password stays in memory.
pub(super) struct Memory(Vec<Block>);

impl Memory {
    pub(super) const fn new() -> Self {
        Self(Vec::new())
    }

    /// Returns the hash in PHC string format.
    pub(super) fn hash(&mut self, password: &str, salt: &[u8]) -> Result<String, &'static str> {
        let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|_| UNCOMPUTED)?;
        let (algorithm, version) = (Algorithm::Argon2id, Version::V0x13);
        let hash = PasswordHash {
            algorithm: algorithm.ident(),
            version: Some(version.into()),
            params: ParamsString::try_from(&params).map_err(|_| UNCOMPUTED)?,
            salt: Some(Salt::new(salt).map_err(|_| UNCOMPUTED)?),
            hash: Some(self.fill(Argon2::new(algorithm, version, params), password, salt)?),
        };
        Ok(hash.to_string())
    }

    /// Whether a password matches this hash, computed with the hash's own parameters and compared in constant
    /// time. An unreadable hash is an error and not a wrong password.
    pub(super) fn verify(&mut self, password: &str, hash: &str) -> Result<bool, &'static str> {
        let hash = PasswordHash::new(hash).map_err(|_| UNREADABLE)?;
        let algorithm = Algorithm::try_from(hash.algorithm.as_str()).map_err(|_| UNREADABLE)?;
        let version =
            hash.version.map_or(Ok(Version::default()), Version::try_from).map_err(|_| UNREADABLE)?;
        let params = Params::try_from(&hash).map_err(|_| UNREADABLE)?;
        let (Some(salt), Some(known)) = (&hash.salt, hash.hash) else { return Err(UNREADABLE) };
        let computed = self.fill(Argon2::new(algorithm, version, params), password, salt)?;
        Ok(computed == known)
    }

    fn fill(&mut self, argon2: Argon2<'_>, password: &str, salt: &[u8]) -> Result<Output, &'static str> {
        let params = argon2.params();
        let length = params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
        let blocks = self.blocks(params)?;
        let mut computed = Ok(());
        let output = Output::init_with(length, |output| {
            computed = argon2.hash_password_into_with_memory(password.as_bytes(), salt, output, &mut *blocks);
            Ok(())
        });
        blocks.fill(Block::new());
        computed.map_err(|_| UNCOMPUTED)?;
        output.map_err(|_| UNCOMPUTED)
    }

    /// As many blocks as a hash needs. A smaller buffer is freed first, so that there are never two at once.
    fn blocks(&mut self, params: &Params) -> Result<&mut [Block], &'static str> {
        if params.m_cost() > MAX_MEMORY_KIB {
            return Err("a password hash asks for more memory than there is for one");
        }
        let count = params.block_count();
        if self.0.len() < count {
            self.0 = Vec::new();
            self.0.try_reserve_exact(count).map_err(|_| "there is no memory for a password hash")?;
            self.0.resize(count, Block::new());
        }
        Ok(&mut self.0[..count])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SALT: &[u8] = b"sixteen bytes of";

    /// A hash as another tool makes it, in its own memory.
    fn made_elsewhere(params: (u32, u32, u32, usize)) -> String {
        let (memory_kib, passes, lanes, length) = params;
        let params = Params::new(memory_kib, passes, lanes, Some(length)).unwrap();
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let hash: PasswordHash =
            argon2::PasswordHasher::hash_password_with_salt(&argon2, b"correct horse battery", SALT).unwrap();
        hash.to_string()
    }

    #[test]
    fn a_hash_made_elsewhere_is_checked_by_its_own_parameters() {
        let mut memory = Memory::new();
        for params in [(19_456, 2, 1, 32), (64, 3, 2, 16), (24_576, 1, 4, 64), (8, 1, 1, 32)] {
            let hash = made_elsewhere(params);
            assert_eq!(memory.verify("correct horse battery", &hash), Ok(true), "{hash}");
            assert_eq!(memory.verify("correct horse batterz", &hash), Ok(false), "{hash}");
        }
    }

    #[test]
    fn our_hash_equals_that_of_another_implementation() {
        let made = Memory::new().hash("correct horse battery", SALT).unwrap();
        assert_eq!(made, made_elsewhere((MEMORY_KIB, PASSES, LANES, 32)));
    }

    #[test]
    fn nothing_of_a_password_stays_in_memory() {
        let mut memory = Memory::new();
        memory.hash("correct horse battery", SALT).unwrap();
        assert_eq!(memory.0.len(), MEMORY_KIB as usize);
        assert!(memory.0.iter().all(|block| block.as_ref().iter().all(|word| *word == 0)));
    }

    #[test]
    fn a_failed_hash_is_an_error_and_not_a_wrong_password() {
        let hash = made_elsewhere((64, 1, 1, 32));
        let mut memory = Memory::new();
        for (part, with) in [("m=64", "m=4294967295"), ("m=64", "m=131073"), ("m=64", "m=4"), ("t=1", "t=0")]
        {
            assert!(memory.verify("correct horse battery", &hash.replace(part, with)).is_err(), "{with}");
        }
        for (part, with) in [("v=19", "v=20"), ("argon2id", "scrypt"), ("p=1", "q=1"), ("$v=19", "")] {
            let changed = hash.replace(part, with);
            let known = memory.verify("correct horse battery", &changed);
            assert_eq!(known, if with.is_empty() { Ok(true) } else { Err(UNREADABLE) }, "{with}");
        }
        let (cut, _) = hash.rsplit_once('$').unwrap();
        assert_eq!(memory.verify("correct horse battery", cut), Err(UNREADABLE));
    }
}
