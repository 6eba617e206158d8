//! The users. The table is always the same, so that a test knows what it gets.

use tidewatch_contract::http::users::User;

/// Those with names that a person remembers.
const NAMED: [(u64, &str); 2] = [(123, "otelfan"), (456, "tracing_rocks")];
/// The numbers of all others.
const OTHERS: std::ops::RangeInclusive<u64> = 1..=20;

/// Returns the user with this number.
pub(crate) fn find(id: u64) -> Option<User> {
    let named = NAMED.iter().find(|(number, _)| *number == id).map(|(_, name)| (*name).to_owned());
    let name = named.or_else(|| OTHERS.contains(&id).then(|| format!("user_{id}")))?;
    Some(User { id, name })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_two_named_users_and_twenty_others() {
        assert_eq!(find(123).unwrap().name, "otelfan");
        assert_eq!(find(456).unwrap().name, "tracing_rocks");
        assert_eq!((0..2_000).filter_map(find).count(), 22);
        assert_eq!((find(0), find(999)), (None, None));
    }
}
