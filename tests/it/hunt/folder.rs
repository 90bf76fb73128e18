//! The search over a real folder, within its limits.

use std::fs;
use std::io::{Seek as _, SeekFrom, Write as _};

use aios_wechat::hunt::{Clean, Hunt, Limits, Marker, Scope};

use super::pack::gzip;

const WORDS: &str = "kwmzohtebradul";

fn hunt() -> Hunt {
    let marker = Marker {
        what: "a body".to_owned(),
        words: WORDS.to_owned(),
    };
    Hunt::new(vec![marker]).unwrap()
}

#[test]
fn a_folder_is_searched_with_its_names_and_depths() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("a/b")).unwrap();
    fs::write(folder.path().join("a/b/note.txt"), WORDS).unwrap();
    fs::write(folder.path().join("a").join(WORDS), "nothing").unwrap();
    let trail = hunt().folder(folder.path()).unwrap();
    let places: Vec<&str> = trail.finds.iter().map(|find| find.place.as_str()).collect();
    assert_eq!(places, ["a/b/note.txt", &format!("the name of a/{WORDS}")]);
    assert_eq!((trail.files, trail.bytes), (2, 21));
}

#[test]
fn a_file_larger_than_the_window_is_searched_whole_and_tells_where() {
    let limits = Limits {
        window: 256 * 1024,
        ..Limits::default()
    };
    let hunt = hunt().within(limits);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large");
    for at in [0, 131_000, 256 * 1024 - 5, 900_000] {
        let mut bytes = vec![b' '; 1_000_000];
        bytes[at..at + WORDS.len()].copy_from_slice(WORDS.as_bytes());
        fs::write(&path, &bytes).unwrap();
        let trail = hunt.path(&path).unwrap();
        let offsets: Vec<u64> = trail.finds.iter().map(|find| find.offset).collect();
        assert_eq!(offsets, [at as u64]);
        assert_eq!(trail.bytes, 1_000_000);
    }
    // What is packed may begin in one window and end in another.
    let mut rng = fastrand::Rng::with_seed(1);
    let mut packed: Vec<u8> = (0..600_000).map(|_| rng.u8(..)).collect();
    packed.extend_from_slice(WORDS.as_bytes());
    let bytes = [vec![b' '; 200_000], gzip(&packed)].concat();
    fs::write(&path, bytes).unwrap();
    let chains: Vec<_> = hunt
        .path(&path)
        .unwrap()
        .finds
        .into_iter()
        .map(|find| find.chain)
        .collect();
    assert!(chains.contains(&vec!["gzip".to_owned()]), "{chains:?}");
}

#[test]
fn what_unpacks_beyond_its_limit_is_told_as_a_gap() {
    let limits = Limits {
        piece: 1 << 20,
        ..Limits::default()
    };
    let bomb = gzip(&[vec![0; 4 << 20], WORDS.into()].concat());
    let trail = hunt().within(limits).bytes("bomb", &bomb);
    assert!(trail.finds.is_empty());
    assert_eq!(trail.gaps, ["bomb: gzip that holds more than is unpacked"]);
    let nested = gzip(&gzip(&vec![0; 64 << 20]));
    let limits = Limits {
        unpacked: 1 << 20,
        ..Limits::default()
    };
    assert!(!hunt().within(limits).bytes("bomb", &nested).gaps.is_empty());
}

#[test]
fn in_a_shared_folder_only_what_changed_since_then_is_searched() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("sub")).unwrap();
    fs::create_dir(folder.path().join("own")).unwrap();
    for name in ["old", "sub/new", "own/kept"] {
        fs::write(folder.path().join(name), WORDS).unwrap();
    }
    let old = fs::File::options()
        .write(true)
        .open(folder.path().join("old"))
        .unwrap();
    let now = fs::metadata(folder.path()).unwrap().modified().unwrap();
    let hour = std::time::Duration::from_secs(3600);
    old.set_modified(now - hour).unwrap();
    let clean = Clean::default();
    let scope = |entries| Scope {
        since: now - hour / 2,
        entries,
        bytes: u64::MAX,
        except: &[],
        clean: &clean,
    };
    let own = [folder.path().join("own")];
    let found = |scope| {
        let finds = hunt().shared(folder.path(), scope).finds;
        let names = finds.into_iter().map(|find| find.place);
        names
            .map(|place| place.rsplit('/').next().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let except = Scope {
        except: &own,
        ..scope(100)
    };
    assert_eq!(found(except), ["new"]);
    assert_eq!(found(scope(2)), Vec::<String>::new());
}

#[test]
fn what_held_nothing_that_markers_begin_with_is_not_read_again_until_it_changes() {
    let folder = tempfile::tempdir().unwrap();
    let (file, other) = (folder.path().join("a"), folder.path().join("b"));
    fs::write(&file, "nothing").unwrap();
    // Another marker of the run, which this search is not for.
    fs::write(&other, "kwmzohtequivex").unwrap();
    let clean = Clean::default();
    let search = |bytes| {
        let scope = Scope {
            since: std::time::UNIX_EPOCH,
            entries: 100,
            bytes,
            except: &[],
            clean: &clean,
        };
        hunt().shared(folder.path(), scope)
    };
    let first = search(u64::MAX);
    assert_eq!((first.files, first.finds.len()), (2, 0));
    assert_eq!(search(u64::MAX).files, 1);
    fs::write(&file, WORDS).unwrap();
    let again = search(u64::MAX);
    assert_eq!((again.files, again.finds.len()), (2, 1));
    let bounded = search(10);
    assert_eq!((bounded.files, bounded.left_out.len()), (0, 2));
}

#[test]
fn links_are_not_followed_and_tell_what_they_name() {
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(folder.path(), folder.path().join("loop")).unwrap();
    std::os::unix::fs::symlink(WORDS, folder.path().join("link")).unwrap();
    let trail = hunt().folder(folder.path()).unwrap();
    let places: Vec<&str> = trail.finds.iter().map(|find| find.place.as_str()).collect();
    assert_eq!((places, trail.files), (vec!["the target of link"], 0));
}

#[test]
fn holes_of_a_file_are_not_read_and_what_lies_behind_them_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sparse");
    let mut file = fs::File::create(&path).unwrap();
    // Hours of reading.
    let at = 1 << 40;
    file.seek(SeekFrom::Start(at)).unwrap();
    file.write_all(WORDS.as_bytes()).unwrap();
    file.set_len(2 << 40).unwrap();
    let finds = hunt().path(&path).unwrap().finds;
    let offsets: Vec<u64> = finds.iter().map(|find| find.offset).collect();
    assert_eq!(offsets, [at]);
}

#[test]
fn many_files_are_searched_in_their_order_whoever_searches_them() {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..6 {
        let words = format!("{WORDS}{number}").into_bytes();
        let bytes = [vec![b' '; 1 << 20], words].concat();
        fs::write(folder.path().join(format!("{number}")), bytes).unwrap();
    }
    let trail = hunt().folder(folder.path()).unwrap();
    let places: Vec<&str> = trail.finds.iter().map(|find| find.place.as_str()).collect();
    assert_eq!(places, ["0", "1", "2", "3", "4", "5"]);
    assert_eq!(trail.bytes, 6 * ((1 << 20) + 15));
}
