//! What a misspelt name was meant to be.

/// Letters that may differ.
const DISTANCE_MAX: usize = 2;

/// The name that is most like `word`, if one is much like it.
pub fn nearest<'a>(word: &str, names: &[&'a str]) -> Option<&'a str> {
    let word = word.to_lowercase();
    let near = names.iter().map(|name| (distance(&word, &name.to_lowercase()), *name));
    near.filter(|(d, name)| *d <= DISTANCE_MAX.min(name.len() / 3)).min_by_key(|(d, _)| *d).map(|(_, name)| name)
}

/// Levenshtein's distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[b.len()]
}
