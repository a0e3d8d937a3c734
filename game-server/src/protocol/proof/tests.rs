//! A proof holds for one side, one key and one pair of challenges.

use proptest::prelude::{any, proptest};

use crate::protocol::proof::{Challenges, LinkKey};

proptest! {
    #[test]
    fn a_proof_holds_where_it_was_made_and_nowhere_else(
        gateway in any::<[u8; 32]>(),
        host in any::<[u8; 32]>(),
        other in any::<[u8; 32]>(),
        flipped in 0..256_usize,
    ) {
        let (key, stranger) = (LinkKey::new(b"secret"), LinkKey::new(b"other"));
        let here = Challenges { gateway, host };
        assert!(key.is_host(&here, &key.prove_host(&here)) && key.is_gateway(&here, &key.prove_gateway(&here)));
        assert!(!key.is_gateway(&here, &key.prove_host(&here)), "what the host said is not the gateway's to say");
        assert!(!key.is_host(&here, &key.prove_gateway(&here)));
        assert!(!key.is_host(&here, &stranger.prove_host(&here)), "another secret");
        let elsewhere = Challenges { gateway, host: other };
        assert!(other == host || !key.is_gateway(&elsewhere, &key.prove_gateway(&here)), "an old proof");
        let mut spoiled = key.prove_gateway(&here);
        spoiled[flipped / 8] ^= 1 << (flipped % 8);
        assert!(!key.is_gateway(&here, &spoiled));
    }
}
