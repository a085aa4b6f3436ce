from brt_watch.cli import main

main()
