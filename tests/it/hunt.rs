//! The leak search over a real folder.

use std::fs;

use aios_wechat::hunt::{Hunt, Marker};

const WORDS: &str = "k7Qx2mZp9R";

#[test]
fn a_folder_is_searched_with_its_names_and_depths() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("a/b")).unwrap();
    fs::write(folder.path().join("a/b/note.txt"), WORDS).unwrap();
    fs::write(folder.path().join("a").join(WORDS), "nothing").unwrap();
    let marker = Marker {
        what: "a body".to_owned(),
        words: WORDS.to_owned(),
    };
    let trail = Hunt::new(vec![marker])
        .unwrap()
        .folder(folder.path())
        .unwrap();
    let places: Vec<&str> = trail.finds.iter().map(|find| find.place.as_str()).collect();
    assert_eq!(places, ["a/b/note.txt", &format!("the name of a/{WORDS}")]);
    assert_eq!((trail.files, trail.bytes), (2, 17));
}
