using System;
using System.Collections.Generic;
using System.IO;
using UnityEditor;
using UnityEditor.Recorder;
using UnityEditor.Recorder.Input;
using UnityEngine;
using UnityEngine.Playables;

namespace Trustmark
{
    /// <summary>What is recorded: frames of the scene's timeline, into which folder, at which size.</summary>
    public sealed class Shot
    {
        public int First, Last, Width, Height;
        public float FramesASecond;
        public string Folder, Python;
    }

    /// <summary>
    /// Records a timeline block after block, each a session of the Recorder's own over so many frames: without leave
    /// the session is never started. A block is recorded into drafts of its own, and the gate moves each frame to its
    /// place with its receipt: what lies there was rendered under a leave.
    /// </summary>
    public sealed class LicensedRecording : IDisposable
    {
        readonly Shot shot;
        readonly PlayableDirector director;
        readonly Leave leave;
        RecorderController recorder;
        Block block;

        public LicensedRecording(Shot shot, PlayableDirector director)
        {
            if (director == null)
            {
                throw new Denied(2, "trustmark: misuse: the scene has no PlayableDirector: a licence counts frames of one");
            }
            this.shot = shot;
            this.director = director;
            RemoveDrafts(); // of an editor that was killed
            leave = new Leave(shot.Python, shot.First, shot.Last, Application.unityVersion);
        }

        string AllDrafts
        {
            get { return Path.Combine(shot.Folder, ".drafts"); }
        }

        /// <summary>A folder for each block: the gate still takes frames from the last one while this is recorded.</summary>
        string Drafts
        {
            get { return Path.Combine(AllDrafts, block.First.ToString("D4")); }
        }

        /// <summary>Once in each update of the editor; true when all frames are done. Throws Denied.</summary>
        public bool Step()
        {
            if (recorder != null && recorder.IsRecording())
            {
                if (leave.IsOver())
                {
                    Finish(); // what it wrote is reported as discarded, and throws
                }
                return false;
            }
            if (recorder != null)
            {
                Finish();
            }
            return !Start();
        }

        /// <summary>End what is being recorded; what was written without a receipt is removed.</summary>
        public void Dispose()
        {
            if (recorder != null && recorder.IsRecording())
            {
                recorder.StopRecording();
            }
            recorder = null;
            leave.Dispose();
            RemoveDrafts();
        }

        void RemoveDrafts()
        {
            if (Directory.Exists(AllDrafts))
            {
                Directory.Delete(AllDrafts, true);
            }
        }

        bool Start()
        {
            var next = leave.Begin();
            if (next == null)
            {
                return false;
            }
            block = next.Value;
            Directory.CreateDirectory(Drafts);
            director.timeUpdateMode = DirectorUpdateMode.GameTime;
            director.time = block.First / (double)shot.FramesASecond;
            director.Evaluate();
            director.Play();

            var images = ScriptableObject.CreateInstance<ImageRecorderSettings>();
            images.Enabled = true;
            images.OutputFormat = ImageRecorderSettings.ImageRecorderOutputFormat.PNG;
            images.imageInputSettings = new GameViewInputSettings { OutputWidth = shot.Width, OutputHeight = shot.Height };
            images.OutputFile = Path.Combine(Drafts, "draft.") + DefaultWildcard.Frame;
            var settings = ScriptableObject.CreateInstance<RecorderControllerSettings>();
            settings.AddRecorderSettings(images);
            settings.FrameRate = shot.FramesASecond;
            settings.CapFrameRate = false;
            settings.SetRecordModeToFrameInterval(0, block.Count - 1); // the Recorder ends by itself with the leave
            recorder = new RecorderController(settings);
            recorder.PrepareRecording();
            if (!recorder.StartRecording())
            {
                throw new Denied(2, "trustmark: misuse: the Recorder did not start: its log says why");
            }
            return true;
        }

        /// <summary>The drafts in their order are named as the block's frames, and reported.</summary>
        void Finish()
        {
            recorder.StopRecording(); // waits for pictures on their way; also after one that ended by itself
            recorder = null;
            director.Pause();
            var drafts = Directory.GetFiles(Drafts, "draft.*.png");
            Array.Sort(drafts, StringComparer.Ordinal);
            if (drafts.Length > block.Count)
            {
                throw new Denied(2, "trustmark: misuse: the Recorder wrote more frames than it had leave for");
            }
            var files = new List<string>();
            for (var at = 0; at < drafts.Length; at++)
            {
                var named = Path.Combine(Drafts, "frame." + (block.First + at).ToString("D4") + ".png");
                File.Move(drafts[at], named);
                files.Add(named);
            }
            leave.Report(files, shot.Folder);
        }
    }
}
